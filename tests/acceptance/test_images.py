"""An image that a text shows is a file of the record: the other side shows it where it stood."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from tests.acceptance.conftest import Desk
from tests.acceptance.products import Shop, open_shop

PICTURE = base64.b64encode(b"\x89PNG\r\n\x1a\n and so on").decode()


@pytest.fixture
def shop(empty_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    with open_shop(empty_desk, monkeypatch) as opened:
        yield opened


def mail(*names: str) -> dict[str, Any]:
    """A mail whose text shows these images, the way mail programs write it."""
    shown = " ".join(f'<img src="cid:{n}@mail" alt="shot">' for n in range(len(names)))
    return {
        "Content": f'<p>look: {shown} <img src="http://tracker.example/x.gif"></p>',
        "ContentType": "text/html",
        "Attachments": [
            {
                "FileName": name,
                "FileType": "image/png",
                "FileContent": PICTURE,
                "ContentId": f"{n}@mail",
            }
            for n, name in enumerate(names)
        ],
    }


def test_an_image_of_a_mail_is_shown_in_redmine_where_it_stood(shop: Shop) -> None:
    ticket = shop.ticket(**mail("image001.png"))
    issue = shop.issue(ticket)
    shop.at_desk("reply", ticket, **mail("image002.png", "a shot.png"))

    there = shop.shown("dev", issue)
    shown = "!image001.png(shot)! http://tracker.example/x.gif"
    assert there.values["description"].endswith(f"look: {shown}")
    (note,) = [one.values["body"] for one in there.notes]
    assert note.endswith("look: !image002.png(shot)! shot http://tracker.example/x.gif")
    names = {one.values["name"] for one in there.attachments}
    assert names == {"image001.png", "image002.png", "a shot.png"}
    wrote = shop.writes()
    shop.run(4000)
    assert shop.writes() == wrote


def test_an_image_of_an_issue_is_read_in_rt_by_its_name(shop: Shop) -> None:
    ticket = shop.ticket()
    issue = shop.issue(ticket)
    shop.at_dev("file", issue, name="graph.png", content=PICTURE)
    shop.at_dev("note", issue, text="see !>graph.png! and !https://a.example/b.png!")

    here = shop.shown("desk", ticket)
    assert "graph.png" in {one.values["name"] for one in here.attachments}
    bodies = [str(one.values["body"]) for one in here.notes]
    assert any("see <em>graph.png</em> and https://a.example/b.png" in one for one in bodies)
