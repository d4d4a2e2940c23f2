"""The guarded client against servers that lie, drip, redirect and swell."""

import gzip
import io
import random
import ssl
import threading
import time
import zlib
from datetime import UTC, datetime
from ipaddress import ip_network

import pytest
import trustme

from opendata.base.kit.fetch import errors
from opendata.base.kit.fetch.addresses import AddressPolicy
from opendata.base.kit.fetch.client import Fetcher
from opendata.base.kit.fetch.messages import Ask, Credentials
from opendata.base.kit.fetch.politeness import Hosts, Politeness, retry_after
from opendata.testing.hostile_server import (
    Answer,
    Canary,
    HostileServer,
    by_path,
    gzip_bomb,
    json_answer,
    one_after_another,
    page_answer,
    redirect,
)

JSON = ("application/json", "+json")


def test_a_body_is_read_with_its_type_and_tag(fetcher):
    answer = json_answer({"a": "Đồ Sơn"}, headers={"ETag": '"1"'})
    with HostileServer(lambda _: answer) as server:
        document = fetcher.read(server.url + "/x?y=1", Ask(accept=JSON))
    assert (document.status, document.etag, document.body) == (200, '"1"', answer.body)
    assert server.seen[0].query == {"y": "1"}
    assert server.seen[0].headers["user-agent"] == "opendata-harvest/test"
    assert "cookie" not in server.seen[0].headers


# NET-01 addresses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "localhost",
        "169.254.169.254",
        "１２７.0.0.1",
    ],
)
def test_no_packet_reaches_an_address_that_is_not_public(make_fetcher, host):
    fetcher = make_fetcher(AddressPolicy(allow_ports=frozenset(range(1, 65536))))
    with Canary() as canary:
        with pytest.raises(errors.BlockedAddress):
            fetcher.read(f"http://{host}:{canary.port}/")
        time.sleep(0.05)
    assert canary.packets == 0


def test_the_operators_private_network_never_opens_loopback(make_fetcher):
    policy = AddressPolicy(
        allow_networks=(ip_network("127.0.0.0/8"),),
        allow_ports=frozenset(range(1, 65536)),
        own=lambda _: False,
    )
    with Canary() as canary, pytest.raises(errors.BlockedAddress):
        make_fetcher(policy).read(f"http://127.0.0.1:{canary.port}/")
    assert canary.packets == 0


# NET-02 redirects -----------------------------------------------------------------------------------


def test_each_hop_passes_the_whole_guard(make_fetcher):
    names = {"public.example": ["127.0.0.1"]}
    fetcher = make_fetcher(resolver=lambda host, _: names[host])
    targets = ["http://169.254.169.254/", "http://10.0.0.1/", "http://0xa9fea9fe/", "//[fe80::1]/"]
    for target in targets:
        with (
            HostileServer(lambda _, target=target: redirect(target)) as server,
            pytest.raises(errors.BlockedAddress),
        ):
            fetcher.read(f"http://public.example:{server.port}/")
        assert len(server.seen) == 1


@pytest.mark.parametrize(
    "target", ["file:///etc/hostname", "gopher://a/", "data:,x", "http://u:p@127.0.0.1/", ""]
)
def test_a_redirect_to_no_http_address_is_refused(fetcher, target):
    with HostileServer(lambda _: redirect(target)) as server, pytest.raises(errors.FetchError) as caught:
        fetcher.read(server.url)
    assert caught.value.code in {"scheme_not_allowed", "source_error"}


def test_five_redirects_are_followed_and_six_are_not(fetcher):
    def script(seen):
        left = int(seen.path.strip("/"))
        return redirect(f"/{left - 1}") if left else json_answer("đến nơi")

    with HostileServer(script) as server:
        assert fetcher.read(server.url + "/5").status == 200
        with pytest.raises(errors.SourceFailed):
            fetcher.read(server.url + "/6")
    assert len(server.seen) == 12


# NET-03 DNS -----------------------------------------------------------------------------------------


def test_one_resolution_for_a_connection_and_rebinding_gets_nowhere(make_fetcher):
    asked = []

    def rebinding(host, _):
        asked.append(host)
        return ["127.0.0.1"] if len(asked) > 1 else ["169.254.1.1"]

    with Canary() as canary, pytest.raises(errors.BlockedAddress):
        make_fetcher(AddressPolicy(), resolver=rebinding).read(f"http://rebind.example:{canary.port}/")
    assert (asked, canary.packets) == (["rebind.example"], 0)


def test_an_address_that_fails_is_left_out_of_a_mixed_answer(make_fetcher):
    fetcher = make_fetcher(resolver=lambda *_: ["10.0.0.1", "fe80::1", "127.0.0.1"])
    with HostileServer(lambda _: json_answer(1)) as server:
        assert fetcher.read(f"http://mixed.example:{server.port}/").status == 200


def test_an_unknown_name_and_a_slow_resolver_are_told_apart(make_fetcher):
    def unknown(*_):
        raise OSError("no such name")

    def slow(*_):
        raise TimeoutError

    with pytest.raises(errors.NameUnknown):
        make_fetcher(resolver=unknown).read("http://khong-co.example/")
    with pytest.raises(errors.TooSlow):
        make_fetcher(resolver=slow).read("http://cham.example/")


# NET-04 the host's environment ----------------------------------------------------------------------


def test_no_proxy_of_the_environment_is_asked(fetcher, monkeypatch):
    with Canary() as proxy, HostileServer(lambda _: json_answer(1)) as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert fetcher.read(server.url).status == 200
    assert proxy.packets == 0


def test_the_environment_cannot_name_other_authorities(make_fetcher, monkeypatch, tmp_path):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with (
        HostileServer(lambda _: json_answer(1), tls=_tls(authority)) as server,
        pytest.raises(errors.TlsFailed),
    ):
        make_fetcher().read(server.url)


# NET-06 credentials ---------------------------------------------------------------------------------


def test_credentials_stay_with_their_origin(fetcher):
    with HostileServer(lambda _: json_answer(1)) as other:
        elsewhere = [other.url + "/", f"http://localhost:{other.port}/"]
        for target in elsewhere:
            with HostileServer(by_path({"/": redirect("/inside"), "/inside": redirect(target)})) as server:
                secret = Credentials(server.url, {"Authorization": "bí-mật".encode().hex()})
                fetcher.read(server.url + "/", Ask(credentials=secret))
            assert ["authorization" in seen.headers for seen in server.seen] == [True, True]
    assert [seen.headers for seen in other.seen if "authorization" in seen.headers] == []
    assert len(other.seen) == 2


def test_credentials_are_not_shown():
    assert "s3cret" not in repr(Credentials("https://a.example", {"Authorization": "s3cret"}))


# NET-07 TLS -----------------------------------------------------------------------------------------


def _tls(authority, *names, **options):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*(names or ("127.0.0.1",)), **options).configure_cert(context)
    return context


def test_unknown_authorities_wrong_names_and_old_certificates_fail(make_fetcher, tmp_path):
    known = trustme.CA()
    known.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    fetcher = make_fetcher(extra_ca=tmp_path / "ca.pem")
    old = datetime(2020, 1, 1, tzinfo=UTC)
    for context in (
        _tls(trustme.CA()),
        _tls(known, "khac.example"),
        _tls(known, not_after=old, not_before=old),
    ):
        with HostileServer(lambda _: json_answer(1), tls=context) as server:
            with pytest.raises(errors.TlsFailed):
                fetcher.read(server.url)
            assert server.seen == []


def test_the_operators_file_adds_an_authority(make_fetcher, tmp_path):
    known = trustme.CA()
    known.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with HostileServer(lambda _: json_answer({"x": "y" * 100_000}), tls=_tls(known)) as server:
        assert make_fetcher(extra_ca=tmp_path / "ca.pem").read(server.url).size > 100_000


# NET-08 slow peers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("tls", [False, True])
def test_a_dripping_body_is_cut_at_the_deadline(make_fetcher, tmp_path, tls):
    known = trustme.CA()
    known.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    fetcher = make_fetcher(extra_ca=tmp_path / "ca.pem")
    drip = Answer(body=b"x" * 1000, pieces=1, pause=0.05)
    with HostileServer(lambda _: drip, tls=_tls(known) if tls else None) as server:
        began = time.monotonic()
        with pytest.raises(errors.TooSlow):
            fetcher.read(server.url, Ask(seconds=0.4, tries=1))
        assert time.monotonic() - began < 20, "the whole body takes fifty seconds"


def test_a_server_that_never_answers_is_left_at_the_deadline(fetcher):
    answers = threading.Event()

    def silent(_):
        answers.wait(60)
        return json_answer(1)

    with HostileServer(silent) as server:
        with pytest.raises(errors.TooSlow):
            fetcher.read(server.url, Ask(seconds=0.2, tries=1))
        answers.set()


# NET-09 bombs and lengths ---------------------------------------------------------------------------


def test_a_compressed_bomb_ends_at_the_cap(fetcher):
    with HostileServer(lambda _: gzip_bomb(60 << 20)) as server, pytest.raises(errors.BodyTooLarge):
        fetcher.read(server.url, Ask(limit_bytes=256 << 20))


def test_the_cap_counts_decoded_bytes(fetcher):
    noise = random.Random(1).randbytes(400_000)
    for body, coding in ((gzip.compress(noise), "gzip"), (zlib.compress(noise), "deflate"), (noise, "")):
        answer = Answer(body=body, headers={"Content-Encoding": coding} if coding else {})
        with HostileServer(lambda _, answer=answer: answer) as server:
            assert fetcher.read(server.url, Ask(limit_bytes=400_000)).body == noise
            with pytest.raises(errors.BodyTooLarge):
                fetcher.read(server.url, Ask(limit_bytes=399_999))


def test_raw_deflate_and_several_gzip_members_are_read(fetcher):
    raw = zlib.compressobj(wbits=-15)
    deflated = raw.compress(b"a" * 5000) + raw.flush()
    members = gzip.compress(b"mot ") + gzip.compress(b"hai")
    for body, coding, text in ((deflated, "deflate", b"a" * 5000), (members, "gzip", b"mot hai")):
        answer = Answer(body=body, headers={"Content-Encoding": coding})
        with HostileServer(lambda _, answer=answer: answer) as server:
            assert fetcher.read(server.url).body == text


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "compress"])
def test_codings_that_were_not_offered_are_refused(fetcher, coding):
    answer = Answer(body=b"x", headers={"Content-Encoding": coding})
    with HostileServer(lambda _: answer) as server, pytest.raises(errors.NotExpectedType):
        fetcher.read(server.url)


def _cut_answers():
    body = b'{"a": "' + b"x" * 5000 + b'"}'
    packed = gzip.compress(random.Random(1).randbytes(5000))
    return {
        "cut at 60 %": Answer(body=body, cut_at=3000),
        "length too long": Answer(body=body, headers={"Content-Length": "6000"}, cut_at=6000),
        "gzip cut": Answer(body=packed[:3000], headers={"Content-Encoding": "gzip"}),
        "chunked cut": Answer(body=b"5000\r\nabc", headers={"Transfer-Encoding": "chunked"}, cut_at=9000),
    }


@pytest.mark.parametrize("kind", _cut_answers())
def test_a_body_shorter_than_declared_is_asked_for_again_and_then_fails(fetcher, naps, kind):
    bad = _cut_answers()[kind]
    with HostileServer(lambda _: bad) as server, pytest.raises(errors.BodyCut):
        fetcher.read(server.url)
    assert (len(server.seen), len(naps)) == (3, 2)
    with HostileServer(one_after_another([bad, json_answer("trọn")])) as server:
        document = fetcher.read(server.url)
    assert (document.tries, document.body) == (2, '"trọn"'.encode())


def test_a_file_is_written_from_its_start_on_each_try(fetcher):
    file = io.BytesIO()
    with HostileServer(one_after_another([_cut_answers()["cut at 60 %"], json_answer("trọn")])) as server:
        document = fetcher.save(server.url, file)
    assert (file.read(), document.size) == ('"trọn"'.encode(), 8)


# answers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_passing_troubles_are_tried_three_times(fetcher, naps, status):
    with HostileServer(lambda _: Answer(status=status)) as server, pytest.raises(errors.SourceBusy) as caught:
        fetcher.read(server.url)
    assert (len(server.seen), caught.value.answer, naps) == (3, status, [4.0, 8.0])


@pytest.mark.parametrize(
    ("status", "code"), [(401, "auth"), (403, "forbidden"), (404, "source_error"), (410, "source_error")]
)
def test_lasting_troubles_are_not_tried_again(fetcher, status, code):
    with HostileServer(lambda _: Answer(status=status)) as server, pytest.raises(errors.FetchError) as caught:
        fetcher.read(server.url)
    assert (len(server.seen), caught.value.code, caught.value.answer) == (1, code, status)


def test_retry_after_is_obeyed(make_fetcher, naps):
    at_noon = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
    fetcher = make_fetcher(now=lambda: at_noon)
    first = Answer(status=429, headers={"Retry-After": "3"})
    second = Answer(status=503, headers={"Retry-After": "Thu, 01 Jan 2026 12:00:09 GMT"})
    with HostileServer(one_after_another([first, second, json_answer(1)])) as server:
        assert fetcher.read(server.url).tries == 3
    assert naps == [3.0, 9.0]


def test_who_is_asked_to_wait_for_long_is_told_instead_of_put_to_sleep(fetcher, naps):
    long = Answer(status=429, headers={"Retry-After": "61"})
    with HostileServer(lambda _: long) as server, pytest.raises(errors.SourceBusy) as caught:
        fetcher.read(server.url)
    assert (len(server.seen), caught.value.wait, naps) == (1, 61.0, [])


def test_retry_after_is_capped_at_an_hour():
    at_noon = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
    for text, seconds in (
        ("999999999", 3600),
        ("Fri, 01 Jan 2027 00:00:00 GMT", 3600),
        ("rồi", None),
        ("Fri, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        ("-5", None),
        (None, None),
    ):
        assert retry_after(text, lambda: at_noon) == seconds
    assert retry_after("Thu, 01 Jan 2026 00:00:00 GMT", lambda: at_noon) == 0


def test_a_login_page_is_not_the_json_that_was_asked_for(fetcher):
    with HostileServer(lambda _: page_answer()) as server, pytest.raises(errors.NotExpectedType):
        fetcher.read(server.url, Ask(accept=JSON))


def test_not_modified_comes_back_only_when_asked_for(fetcher):
    with HostileServer(lambda _: Answer(status=304)) as server:
        assert fetcher.read(server.url, Ask(etag='"1"', accept=JSON)).not_modified
        assert server.seen[0].headers["if-none-match"] == '"1"'
        with pytest.raises(errors.SourceFailed):
            fetcher.read(server.url)


def test_a_connection_is_used_again_and_a_stale_one_replaced(make_fetcher):
    resolved = []

    def resolver(host, _):
        resolved.append(host)
        return ["127.0.0.1"]

    fetcher = make_fetcher(resolver=resolver)
    with HostileServer(lambda _: json_answer(1)) as server:
        url = f"http://a.example:{server.port}/"
        for _ in range(3):
            fetcher.read(url)
        assert len(resolved) == 1
    assert len(server.seen) == 3


def test_nothing_listening_is_unreachable(fetcher):
    with Canary() as canary:
        port = canary.port
    with pytest.raises(errors.Unreachable):
        fetcher.read(f"http://127.0.0.1:{port}/")


def test_an_answer_that_is_no_http_is_a_fault_not_a_crash(fetcher):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def speak():
            for _ in range(3):
                peer, _ = listener.accept()
                peer.recv(1000)
                peer.sendall(b"\x00\xff SSH-2.0\r\n\r\n")
                peer.close()

        thread = threading.Thread(target=speak, daemon=True)
        thread.start()
        with pytest.raises(errors.FetchError):
            fetcher.read(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        thread.join(2)


# politeness -----------------------------------------------------------------------------------------


def test_requests_to_one_host_are_spaced_by_the_bucket():
    now, naps = [0.0], []

    def sleep(seconds):
        naps.append(round(seconds, 3))
        now[0] += seconds

    hosts = Hosts(Politeness(per_second=8.0), lambda: now[0], sleep)
    for _ in range(16):
        with hosts.turn("a.example"):
            pass
    assert (len(naps), round(now[0], 3)) == (8, 1.0)
    with hosts.turn("b.example"):
        pass
    assert len(naps) == 8


def test_no_more_than_four_connections_to_one_host():
    hosts = Hosts(Politeness(connections=4, per_second=1e9), time.monotonic, lambda _: None)
    running, most, lock = [0], [0], threading.Lock()

    def work():
        with hosts.turn("a.example"):
            with lock:
                running[0] += 1
                most[0] = max(most[0], running[0])
            time.sleep(0.01)
            with lock:
                running[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most[0] == 4


def test_a_fetcher_gives_its_slot_back_after_every_kind_of_end(make_fetcher):
    fetcher = make_fetcher(politeness=Politeness(connections=1, per_second=1e9))
    ends = [
        Answer(status=404),
        page_answer(),
        gzip_bomb(60 << 20),
        redirect("file:///x"),
        Answer(headers={"Content-Encoding": "br"}),
    ]
    for end in ends:
        with HostileServer(lambda _, end=end: end) as server, pytest.raises(errors.FetchError):
            fetcher.read(server.url, Ask(accept=JSON, tries=1))
    with HostileServer(lambda _: json_answer(1)) as server:
        with fetcher.get(server.url):
            pass
        assert fetcher.read(server.url).status == 200


def test_the_client_needs_no_global_state():
    first = Fetcher(AddressPolicy(), user_agent="a")
    second = Fetcher(AddressPolicy(allow_loopback=True), user_agent="b")
    with HostileServer(lambda _: json_answer(1)) as server:
        second.read(server.url)
        with pytest.raises(errors.BlockedAddress):
            first.read(server.url.replace(str(server.port), "80"))
    second.close()
