"""What is wrong with an expression, and where."""

from __future__ import annotations


class ExpressionError(ValueError):
    """One mistake. ``line`` and ``column`` count from 1, inside the expression's own text."""

    def __init__(self, text: str, offset: int, message: str, nearest: str | None = None) -> None:
        self.text = text
        self.offset = min(offset, len(text))
        before = text[: self.offset]
        self.line = before.count("\n") + 1
        self.column = self.offset - (before.rfind("\n") + 1) + 1
        self.message = message
        self.nearest = nearest
        lines = text.split("\n")
        self._source = lines[self.line - 1] if self.line <= len(lines) else ""
        super().__init__(str(self))

    def __str__(self) -> str:
        hint = f'; did you mean "{self.nearest}"?' if self.nearest else ""
        return f"{self.line}:{self.column}: {self.message}{hint}"

    def caret(self, width: int = 72) -> str:
        """The line of the mistake with a caret below it, at most ``width`` wide."""
        start = max(0, self.column - 1 - width // 2)
        shown = self._source[start : start + width].replace("\t", " ")
        return f"{shown}\n{' ' * (self.column - 1 - start)}^"
