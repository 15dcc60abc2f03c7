"""Law 52 begins here: what is not signed by our secret is not believed."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdsync.server.signatures import Verdict, read_secrets, sign, verify

# The vector of the reference libraries of Standard Webhooks 1.0.
SECRET = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
STAMP = 1614265330
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
NOW = datetime.fromtimestamp(STAMP, UTC)
HEADERS = {"webhook-id": ID, "webhook-timestamp": str(STAMP), "webhook-signature": SIGNATURE}


def signed(key: str, body: bytes, *, id_: str = ID, stamp: int = STAMP) -> dict[str, str]:
    content = f"{id_}.{stamp}.".encode() + body
    raw = hmac.new(base64.b64decode(key), content, hashlib.sha256).digest()
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(stamp),
        "webhook-signature": "v1," + base64.b64encode(raw).decode(),
    }


def judge(headers: dict[str, str], body: bytes = BODY, secret: str = SECRET) -> Verdict:
    return verify(headers, body, read_secrets(secret), now=NOW).verdict


@pytest.mark.parametrize("secret", [SECRET, "whsec_" + SECRET])
def test_the_vector_of_the_specification(secret: str) -> None:
    verified = verify(HEADERS, BODY, read_secrets(secret), now=NOW)

    assert verified.verdict is Verdict.GOOD
    assert verified.id == ID


def test_the_vector_of_github() -> None:
    # docs.github.com, "Validating webhook deliveries"
    headers = {
        "x-hub-signature-256": "sha256="
        "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    }

    assert judge(headers, b"Hello, World!", "It's a Secret to Everybody") is Verdict.GOOD
    assert judge(headers, b"Hello, World?", "It's a Secret to Everybody") is Verdict.FORGED


def test_a_webhook_of_github_is_known_by_its_content() -> None:
    body = b"{}"
    headers = {
        "x-hub-signature-256": "sha256=" + hmac.new(b"abc", body, hashlib.sha256).hexdigest()
    }

    first = verify(headers, body, read_secrets("abc"), now=NOW)
    again = verify(headers, body, read_secrets("abc"), now=NOW + timedelta(days=9))

    assert first.id is not None
    assert first == again


def test_a_secret_of_standard_webhooks_signs_no_body_alone() -> None:
    body = b"{}"
    secret = "whsec_" + SECRET
    raw = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()

    assert judge({"x-hub-signature-256": "sha256=" + raw}, body, secret) is Verdict.FORGED


@pytest.mark.parametrize(
    ("age_s", "verdict"),
    [(299, Verdict.GOOD), (300, Verdict.GOOD), (301, Verdict.STALE), (-299, Verdict.GOOD),
     (-301, Verdict.STALE), (86_400, Verdict.STALE)],
)  # fmt: skip
def test_a_stamp_is_good_for_five_minutes_either_way(age_s: int, verdict: Verdict) -> None:
    now = NOW + timedelta(seconds=age_s)

    assert verify(HEADERS, BODY, read_secrets(SECRET), now=now).verdict is verdict


def test_old_and_new_secret_are_both_good_while_they_overlap() -> None:
    new = base64.b64encode(b"n" * 24).decode()
    both = f"whsec_{new}\nwhsec_{SECRET}\n"

    assert judge(HEADERS, secret=both) is Verdict.GOOD
    assert judge(signed(new, BODY), secret=both) is Verdict.GOOD
    assert judge(signed(new, BODY), secret=SECRET) is Verdict.FORGED


def test_what_is_sent_is_signed_with_the_old_and_the_new_secret_while_they_overlap() -> None:
    new = base64.b64encode(b"n" * 24).decode()

    sent = sign(BODY, ID, f"whsec_{new}\nwhsec_{SECRET}\n", now=NOW)

    assert [judge(sent, secret=one) for one in (new, SECRET)] == [Verdict.GOOD] * 2


def test_one_good_signature_among_several_is_enough() -> None:
    several = {**HEADERS, "webhook-signature": f"v1,AAAA v1a,{'B' * 88} {SIGNATURE} v2,CC=="}

    assert judge(several) is Verdict.GOOD


def test_a_good_signature_after_too_many_is_not_looked_at() -> None:
    many = {**HEADERS, "webhook-signature": "v1,AAAA " * 20 + SIGNATURE}

    assert judge(many) is Verdict.FORGED


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_part_that_is_missing_makes_a_forgery(missing: str) -> None:
    assert judge({k: v for k, v in HEADERS.items() if k != missing}) is Verdict.FORGED


def test_nothing_at_all_is_unsigned() -> None:
    assert judge({"content-type": "application/json"}) is Verdict.UNSIGNED


def test_without_a_secret_nothing_is_good() -> None:
    assert verify(HEADERS, BODY, (), now=NOW).verdict is Verdict.FORGED


FORGERIES: list[tuple[str, str]] = [
    ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJeK"),
    ("webhook-id", ""),
    ("webhook-id", ID + " "),
    ("webhook-id", "x" * 300),
    ("webhook-id", ID + ".1"),
    ("webhook-id", "msg_ü"),
    ("webhook-timestamp", str(STAMP + 1)),
    ("webhook-timestamp", f"+{STAMP}"),
    ("webhook-timestamp", f" {STAMP}"),
    ("webhook-timestamp", f"0{STAMP}"),
    ("webhook-timestamp", f"{STAMP}.0"),
    ("webhook-timestamp", "١٦١٤٢٦٥٣٣٠"),
    ("webhook-timestamp", "9" * 400),
    ("webhook-timestamp", "nan"),
    ("webhook-timestamp", ""),
    ("webhook-signature", ""),
    ("webhook-signature", SIGNATURE.removeprefix("v1,")),
    ("webhook-signature", "v1,"),
    ("webhook-signature", "v1," + SIGNATURE),
    ("webhook-signature", "v2," + SIGNATURE.removeprefix("v1,")),
    ("webhook-signature", "v1a," + SIGNATURE.removeprefix("v1,")),
    ("webhook-signature", SIGNATURE.lower()),
    ("webhook-signature", SIGNATURE.rstrip("=")),
    ("webhook-signature", SIGNATURE.replace(",", ", ")),
    ("webhook-signature", SIGNATURE + ","),
    ("webhook-signature", f"{SIGNATURE}, {SIGNATURE}".replace(" ", "")),
    ("webhook-signature", "v1,ü"),
]


@pytest.mark.parametrize(("name", "value"), FORGERIES)
def test_a_changed_header_is_a_forgery(name: str, value: str) -> None:
    assert judge({**HEADERS, name: value}) is Verdict.FORGED


@settings(max_examples=300)
@given(st.data())
def test_any_other_body_id_stamp_or_key_is_a_forgery(data: st.DataObject) -> None:
    headers, body, secret = dict(HEADERS), BODY, SECRET
    match data.draw(st.sampled_from(["body", "id", "stamp", "key", "signature", "moved"])):
        case "body":
            at = data.draw(st.integers(0, len(body) - 1))
            bit = data.draw(st.integers(0, 7))
            body = body[:at] + bytes([body[at] ^ (1 << bit)]) + body[at + 1 :]
        case "id":
            headers["webhook-id"] = data.draw(st.text().filter(lambda text: text != ID))
        case "stamp":
            headers["webhook-timestamp"] = str(
                data.draw(st.integers(0, 10**12).filter(lambda stamp: stamp != STAMP))
            )
        case "key":
            key = data.draw(st.binary(min_size=1, max_size=64))
            secret = base64.b64encode(key + b"x").decode()
        case "signature":
            made = data.draw(st.binary(max_size=64))
            headers["webhook-signature"] = "v1," + base64.b64encode(made).decode()
        case "moved":  # bytes taken from one part into the next sign the same content
            headers["webhook-id"] = f"{ID}.{STAMP}"
            headers["webhook-timestamp"], _, rest = BODY.decode().partition(".")
            body = rest.encode()

    assert judge(headers, body, secret) is Verdict.FORGED


@settings(max_examples=100)
@given(st.text(), st.binary(max_size=200))
def test_no_header_ends_the_judge(text: str, body: bytes) -> None:
    for name in (*HEADERS, "x-hub-signature-256"):
        assert judge({**HEADERS, name: text}, body) is not Verdict.GOOD
        assert judge({name: text}, body) in (Verdict.FORGED, Verdict.UNSIGNED)
