"""What a webhook answers to everything that is not a good, signed event. Statuses are contract."""

import gzip
import json
import zlib

import pytest

from tests.ingest.fakes import NOW, body_of, event, signature, subscription, v1
from tests.ingest.rig import Answer, Edge, parsed_answer, whole_request

MEBIBYTE = 1024 * 1024
PROBLEM_FIELDS = {"type", "title", "status", "detail", "code", "request_id", "hint", "errors"}
GOOD = body_of(event())


def assert_problem(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.json["code"], answer.json["status"]) == (status, code, status)
    assert set(answer.json) == PROBLEM_FIELDS
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Server"] == "revstream"
    assert answer.json["request_id"] == answer.headers["X-Request-Id"]


def with_object(text: str) -> bytes:
    return GOOD.replace(json.dumps(subscription()).encode(), text.encode())


def long_event(size: int) -> bytes:
    spare = size - len(body_of(event(filler="")))
    return body_of(event(filler="x" * spare))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b"null",
        b'"text"',
        b"1",
        b"\xff\xfe\x00",
        b'{"id": "evt_1", "x": "\xc3\x28"}',
        GOOD.replace(str(NOW).encode(), b"NaN"),
        GOOD.replace(str(NOW).encode(), b"Infinity"),
        b"[" * 2000 + b"]" * 2000,
        with_object('{"a":' * 2000 + "1" + "}" * 2000),
        with_object('{"id": "sub_1", "customer": "cus_1", "quantity": ' + "9" * 25 + "}"),
        body_of({name: value for name, value in event().items() if name != "id"}),
        body_of({name: value for name, value in event().items() if name != "data"}),
        body_of({name: value for name, value in event().items() if name != "type"}),
        body_of(event(data={"object": []})),
        body_of(event(data=None)),
        body_of(event(created="yesterday")),
        body_of(event(created=-1)),
        body_of(event(created=10**15)),
        body_of(event(id=5)),
        body_of(event(livemode="no")),
    ],
    ids=["empty", "not json", "array", "null", "text", "number", "not utf-8", "bad utf-8 inside", "NaN", "Infinity",
         "array of depth 2000", "object of depth 2000", "number beyond 64 bits", "no id", "no data", "no type",
         "object is a list", "data is null", "created is text", "created before 1970", "created in the far future",
         "id is a number", "livemode is text"],
)  # fmt: skip
async def test_a_signed_body_that_is_no_event_is_400(edge: Edge, body: bytes) -> None:
    assert_problem(await edge.post(body), 400, "event_malformed")
    assert edge.publisher.records == []


@pytest.mark.parametrize("body", [b"", b"not json", b"\xff", GOOD, b"{}"])
async def test_an_unsigned_body_is_400_whatever_it_is(edge: Edge, body: bytes) -> None:
    answers = [await edge.post(body, header) for header in ("", "t=1", f"t={NOW},v1=00", "garbage")]
    for answer in answers:
        assert_problem(answer, 400, "signature_invalid")
    assert len({answer.json["detail"] for answer in answers}) == 1


@pytest.mark.parametrize("kind", ["customer.tax_id.created", "balance.available", "invoice.upcoming", "made.up"])
async def test_types_that_mean_nothing_to_revenue_are_acknowledged(edge: Edge, kind: str) -> None:
    answer = await edge.post(body_of(event(kind)))
    assert (answer.status, answer.json) == (200, {"received": True, "ignored": "type"})
    assert edge.publisher.records == []


async def test_a_thin_event_is_acknowledged(edge: Edge) -> None:
    thin = {
        "id": "evt_1",
        "object": "v2.core.event",
        "type": "v1.billing.meter.no_meter_found",
        "created": "2026-01-01",
    }
    answer = await edge.post(body_of(thin))
    assert (answer.status, answer.json["ignored"]) == (200, "thin")


@pytest.mark.parametrize("path", ["/webhooks/stripe/p2", "/webhooks/stripe/p%00", "/webhooks/stripe/" + "p" * 3000])
async def test_an_unknown_project_is_404(edge: Edge, path: str) -> None:
    assert_problem(await edge.post(GOOD, path=path), 404, "not_found")


@pytest.mark.parametrize("path", ["/", "/webhooks/stripe", "/webhooks/stripe/", "/webhooks/stripe/p1/x", "/metrics"])
async def test_an_unknown_path_is_404(edge: Edge, path: str) -> None:
    for method in ("GET", "POST"):
        assert_problem(await edge.request(method, path, b"", {}), 404, "not_found")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_another_method_is_405_and_says_which_one_is_right(edge: Edge, method: str) -> None:
    answer = await edge.request(method, "/webhooks/stripe/p1", b"", {})
    assert_problem(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "POST"


async def test_head_is_405_without_a_body(edge: Edge) -> None:
    answer = await edge.request("HEAD", "/webhooks/stripe/p1", b"", {})
    assert (answer.status, answer.body) == (405, b"")


@pytest.mark.parametrize("accept", ["text/html", "text/plain", "*/*"])
async def test_errors_are_json_whatever_accept_says(edge: Edge, accept: str) -> None:
    assert_problem(await edge.request("GET", "/nowhere", b"", {"Accept": accept}), 404, "not_found")


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(GOOD)),
        ("gzip", b"this is no gzip"),
        ("gzip", gzip.compress(b"\0" * 50 * MEBIBYTE)),
        ("deflate", zlib.compress(GOOD)),
        ("br", GOOD),
        ("zstd", b"\x28\xb5\x2f\xfd"),
        ("made-up", GOOD),
    ],
    ids=["gzip", "bad gzip", "gzip bomb", "deflate", "br", "zstd", "made up"],
)
async def test_an_encoded_body_is_415_and_never_unpacked(edge: Edge, encoding: str, body: bytes) -> None:
    headers = {"Content-Encoding": encoding, "Stripe-Signature": signature(body)}
    assert_problem(await edge.request("POST", "/webhooks/stripe/p1", body, headers), 415, "encoding_not_supported")


async def test_identity_is_no_encoding(edge: Edge) -> None:
    headers = {"Content-Encoding": "identity", "Stripe-Signature": signature(GOOD)}
    assert (await edge.request("POST", "/webhooks/stripe/p1", GOOD, headers)).status == 200


async def test_a_body_of_one_mebibyte_is_taken(edge: Edge) -> None:
    body = long_event(MEBIBYTE)
    assert (len(body), (await edge.post(body)).status) == (MEBIBYTE, 200)


async def test_a_body_one_byte_larger_is_413(edge: Edge) -> None:
    assert_problem(await edge.post(long_event(MEBIBYTE + 1)), 413, "body_too_large")


async def test_a_length_that_is_too_large_is_413_before_any_byte_is_read(edge: Edge) -> None:
    head = b"POST /webhooks/stripe/p1 HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n"
    assert_problem(parsed_answer(await edge.raw(head)), 413, "body_too_large")


async def test_chunks_are_counted_while_they_arrive(edge: Edge) -> None:
    head = b"POST /webhooks/stripe/p1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    assert_problem(parsed_answer(await edge.raw(head + chunk * 17)), 413, "body_too_large")


async def test_a_good_chunked_body_is_taken(edge: Edge) -> None:
    head = b"POST /webhooks/stripe/p1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
    signed = head + b"Stripe-Signature: " + signature(GOOD).encode() + b"\r\n\r\n"
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(GOOD), GOOD)
    assert parsed_answer(await edge.raw(signed + chunks)).status == 200


@pytest.mark.parametrize(
    "data",
    [
        b"garbage\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /webhooks/stripe/p1 HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /webhooks/stripe/p1 HTTP/1.1\r\nHost: x\r\nContent-Length: five\r\n\r\n",
        b"POST /webhooks/stripe/p1 HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 9000 + b"\r\n\r\n",
        b"POST /" + b"p" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /webhooks/stripe/p1 HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"POST /webhooks/stripe/p1 HTTP/1.1\r\nHost: x\r\nBad Header: y\r\n\r\n",
        b"POST /webhooks/stripe/p1 HTTP/9.9\r\nHost: x\r\n\r\n",
    ],
    ids=["garbage", "tls", "half a request line", "length and chunked", "negative length", "length is a word",
         "header of 9 kB", "path of 9 kB", "200 headers", "space in a header's name", "version 9.9"],
)  # fmt: skip
async def test_what_is_not_http_is_400_and_json(edge: Edge, data: bytes) -> None:
    assert_problem(parsed_answer(await edge.raw(data)), 400, "bad_request")


@pytest.mark.parametrize("chunk", [b"zz\r\nabc\r\n", b"5\r\nabcdefgh\r\n0\r\n\r\n", b"-1\r\n"])
async def test_broken_chunks_are_400(edge: Edge, chunk: bytes) -> None:
    head = b"POST /webhooks/stripe/p1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert parsed_answer(await edge.raw(head + chunk)).status == 400


async def test_an_upgrade_is_not_followed(edge: Edge) -> None:
    request = whole_request(b"", b"Upgrade: websocket", b"Connection: upgrade", b"Sec-WebSocket-Version: 13")
    assert parsed_answer(await edge.raw(request)).status == 400


@pytest.mark.parametrize(("expect", "status"), [(b"100-continue", 200), (b"a miracle", 417)])
async def test_expect_is_answered(edge: Edge, expect: bytes, status: int) -> None:
    signed = b"Stripe-Signature: " + signature(GOOD).encode()
    data = await edge.raw(whole_request(GOOD, signed, b"Expect: " + expect))
    assert parsed_answer(data.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")).status == status


@pytest.mark.parametrize(
    "name", ["caf\u0000", "\\ud800", "😀", "x" * 1000, "'; DROP TABLE projects; --"], ids=lambda n: ascii(n)[:20]
)
async def test_odd_text_reaches_the_topic_harmless(edge: Edge, name: str) -> None:
    text = json.dumps(subscription(description="DESCRIPTION", cancellation_details={"comment": "COMMENT"}))
    escaped = name if name.startswith("\\u") else json.dumps(name)[1:-1]
    body = with_object(text.replace("COMMENT", escaped).replace("DESCRIPTION", escaped))
    assert (await edge.post(body)).status == 200
    stored = bytes(edge.publisher.records[0].object)
    assert "\\u0000" not in stored.decode()
    assert "\\ud800" not in stored.decode()


@pytest.mark.parametrize(
    "header",
    [
        b"t=1,v1=\xc3\xa9",
        b"t=1,v1=\xff\xfe",
        b"t=\xd9\xa1,v1=00",
        b"t=1_0,v1=00",
        b"t=1e9,v1=00",
        b"t=" + b"9" * 5000 + b",v1=00",
        b"v1=" + b"a" * 8000,
        b",".join([b"v1=" + b"a" * 64] * 110),
        b"=,=,=,,,",
        b"t=,v1=",
    ],
    ids=["non-ascii", "not utf-8", "arabic digits", "underscore", "exponent", "endless t", "endless v1", "110 v1",
         "separators", "empty values"],
)  # fmt: skip
async def test_no_signature_header_makes_more_than_400(edge: Edge, header: bytes) -> None:
    answer = parsed_answer(await edge.raw(whole_request(GOOD, b"Stripe-Signature: " + header)))
    assert answer.status == 400
    assert answer.headers["Content-Type"] == "application/problem+json"


async def test_a_signature_split_over_two_headers_is_read_as_one(edge: Edge) -> None:
    headers = (f"Stripe-Signature: t={NOW}".encode(), f"Stripe-Signature: v1={v1(GOOD)}".encode())
    assert parsed_answer(await edge.raw(whole_request(GOOD, *headers))).status == 200
