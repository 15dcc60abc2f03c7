"""The names that a stranger's connector imports."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

PACKAGES = ("sdsync.connectors", "sdsync.testing")


@pytest.mark.parametrize("name", PACKAGES)
def test_every_public_name_is_given_by_its_package(name: str) -> None:
    package, public = importlib.import_module(name), importlib.import_module(f"{name}.public")

    assert public.__all__ == sorted(public.__all__, key=lambda one: (not one.isupper(), one))
    for one in public.__all__:
        assert getattr(package, one) is getattr(public, one)


@pytest.mark.parametrize("name", PACKAGES)
def test_no_public_name_is_that_of_a_module(name: str) -> None:
    """Importing the module would put it in the place of what the name meant."""
    package, public = importlib.import_module(name), importlib.import_module(f"{name}.public")

    assert {one.name for one in pkgutil.iter_modules(package.__path__)}.isdisjoint(public.__all__)


@pytest.mark.parametrize("name", PACKAGES)
def test_another_name_is_said_to_be_none(name: str) -> None:
    package = importlib.import_module(name)

    with pytest.raises(AttributeError, match="has no attribute 'Gone'"):
        package.Gone  # noqa: B018 - looking it up is the test
    assert not hasattr(package, "__gone__")
