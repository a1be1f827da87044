"""`eval` and `generate` against an OpenAI-compatible server: a small one of our own that misbehaves on demand.

SPDX-License-Identifier: Apache-2.0
"""
import collections
import http.server
import json
import re
import resource
import signal
import socket
import threading
import time

import laconic_test
from laconic_test import EXIT_FAILURE, EXIT_SAVED, EXIT_USAGE


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128  # a connection that waits to be taken counts as time of its request
    daemon_threads = True


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def log_message(self, *args):
        pass

    def answer(self, status, body, headers=()):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        server = self.server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with server.lock:
            server.running += 1
            server.most_running = max(server.most_running, server.running)
            server.requests.append((self.path, dict(self.headers), body))
            key = json.dumps(body, sort_keys=True)
            attempt = server.attempts[key]
            server.attempts[key] += 1
        try:
            time.sleep(server.delay_s)
            self.misbehave(server.faults(body, attempt), body)
        except (BrokenPipeError, ConnectionResetError):
            pass
        finally:
            with server.lock:
                server.running -= 1

    def misbehave(self, fault, body):
        if fault is None:
            return self.answer(200, self.server.reply(body))
        kind, *arguments = fault
        if kind == "status":
            return self.answer(arguments[0], {"error": {"message": "not now"}}, arguments[1:])
        if kind == "body":
            return self.answer(200, arguments[0])
        if kind == "drop":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        elif kind == "half":  # promises more than it sends
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b'{"choices": [')
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        elif kind == "slow":
            time.sleep(arguments[0])
            self.answer(200, self.server.reply(body))
        elif kind == "trickle":  # never silent, never done
            self.send_response(200)
            self.send_header("Content-Length", "100000")
            self.end_headers()
            for _ in range(arguments[0]):
                self.wfile.write(b" ")
                self.wfile.flush()
                time.sleep(0.1)


# What a hostile server writes after a request, as (bytes, seconds to wait after each, how often); None: until the
# client goes.
OK = b"HTTP/1.1 200 OK\r\n"
HOSTILE = {
    "a header a byte at a time": [(OK, 0, 1), (b"X", 0.05, None)],
    "a body a byte at a time": [(OK + b"Content-Length: 100000\r\n\r\n", 0, 1), (b" ", 0.05, None)],
    "a chunk a byte at a time": [(OK + b"Transfer-Encoding: chunked\r\n\r\n", 0, 1), (b"1\r\n \r\n", 0.05, None)],
    "endless 100 Continue": [(b"HTTP/1.1 100 Continue\r\n\r\n", 0, None)],
    "slow 100 Continue": [(b"HTTP/1.1 100 Continue\r\n\r\n", 0.05, None)],
    "endless headers": [(OK, 0, 1), (b"X-A: b\r\n", 0, None)],
    "endless trailers": [(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", 0, 1), (b"X-A: b\r\n", 0, None)],
    "one endless header": [(OK + b"X-A: ", 0, 1), (b"b" * 65536, 0, None)],
    "one endless status line": [(b"HTTP/1.1 200 ", 0, 1), (b"b" * 65536, 0, None)],
    "an endless chunk extension": [(OK + b"Transfer-Encoding: chunked\r\n\r\n1;", 0, 1), (b"b" * 65536, 0, None)],
    "an endless body": [(OK + b"\r\n", 0, 1), (b" " * 65536, 0, None)],
    "an endless chunked body": [(OK + b"Transfer-Encoding: chunked\r\n\r\n", 0, 1),
                                (b"10000\r\n" + b" " * 65536 + b"\r\n", 0, None)],
    "a length beyond what is read": [(OK + b"Content-Length: 99999999999999\r\n\r\n", 0, 1), (b" ", 0.05, None)],
    "a length that is none": [(OK + b"Content-Length: -5\r\n\r\n{}", 0, 1)],
    "less than its length": [(OK + b"Content-Length: 50\r\n\r\n{}", 0, 1)],
    "nothing": [],
    "no HTTP": [(b"SSH-2.0-OpenSSH_9.2\r\n", 0, 1)],
    "an endless answer that is no HTTP": [(b"SSH" * 9999, 0, None)],
    "a status that is none": [(b"HTTP/1.1 abc OK\r\n\r\n", 0, 1)],
    "a bomb": [(OK + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b", 0, 1)],
    "a redirect": [(b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n", 0, 1)],
}


class HostileServer:
    """Answers every request with one of HOSTILE, whatever was asked."""

    def __init__(self):
        self.parts = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection:
            try:
                text = b""
                while b"\r\n\r\n" not in text or not text.endswith(b"}"):
                    text += connection.recv(65536)
                for data, wait_s, count in self.parts:
                    done = 0
                    while count is None or done < count:
                        connection.sendall(data)
                        time.sleep(wait_s)
                        done += 1
            except OSError:
                pass


def reply(body):
    """Adds the two numbers of the problem, like a model that thinks a little."""
    text = body["messages"][-1]["content"] if "messages" in body else body["prompt"]
    a, b = map(int, re.search(r"(\d+) \+ (\d+)", text).groups())
    answer = f"<think>\n{a} and {b}\n</think>\n\n\\boxed{{{a + b}}}"
    part = {"text": answer} if "prompt" in body else {"message": {"role": "assistant", "content": answer}}
    return {"model": body["model"], "choices": [{"index": 0, "finish_reason": "stop", **part}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 20 + a, "total_tokens": 29 + a}}


class Endpoint(laconic_test.TestCase):
    def setUp(self):
        super().setUp()
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.lock = threading.Lock()
        self.server.running = self.server.most_running = 0
        self.server.requests = []
        self.server.attempts = collections.Counter()
        self.server.delay_s = 0
        self.server.reply = reply
        self.server.faults = lambda body, attempt: None
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        # The last answer is wrong, so that not everything is right.
        rows = [{"id": f"p{i}", "problem": f"{i} + 1?", "answer": str(i + 1 + (i == 9))} for i in range(10)]
        self.write("problems.jsonl", rows)

    def arguments(self, *args):
        return ("eval", "--endpoint", self.url, "--model", "served", "--data", "problems.jsonl",
                "--max-new-tokens", 64, *args)

    def eval(self, *args, **options):
        return self.laconic(*self.arguments(*args), **options)

    def last_line(self, *args, code, **options):
        return self.eval(*args, code=code, **options).stderr.splitlines()[-1]

    def test_records_and_table_are_those_of_local_sampling(self):
        result = self.eval("--samples", 2, "--out", "E", "--instruction", "Box it.", "--temperature", 0.6)
        self.assertRegex(result.stdout, r"accuracy % +90.0")
        self.assertRegex(result.stdout, r"tokens, all +24.5")
        self.assertIn('tokens by {"usage": 20}', result.stdout)
        header, *rows = self.read_rows("E/first.jsonl")
        self.assertEqual((header["served_model"], header["token_counts"]), ("served", {"usage": 20}))
        self.assertEqual([(row["id"], row["sample"]) for row in rows],
                         [(f"p{i}", sample) for i in range(10) for sample in range(2)])
        self.assertEqual(rows[0]["think_state"], "closed")
        self.assertEqual(rows[0]["num_tokens"], 20)
        self.assertTrue(0 < rows[0]["num_thinking_tokens"] < 20)
        self.assertEqual(rows[-1]["verdict"], "wrong")
        path, _, body = self.server.requests[0]
        self.assertEqual(path, "/v1/chat/completions")
        self.assertTrue(body["messages"][0]["content"].endswith("?\nBox it."))
        self.assertEqual((body["model"], body["temperature"], body["max_tokens"]), ("served", 0.6, 64))
        self.assertEqual(len({(b["messages"][0]["content"], b["seed"]) for _, _, b in self.server.requests}), 20)

    def test_the_key_comes_from_the_environment_and_is_not_told(self):
        result = self.eval("--endpoint-key-env", "MY_KEY", "--out", "E", env={"MY_KEY": "sesame"})
        self.assertEqual(self.server.requests[0][1]["Authorization"], "Bearer sesame")
        text = result.stdout + result.stderr + (self.folder / "E/first.jsonl").read_text()
        self.assertNotIn("sesame", text)

    def test_completion_mode_and_extra_fields(self):
        self.eval("--endpoint-mode", "completion", "--endpoint-extra", '{"max_tokens": null, "n_predict": 5}')
        path, _, body = self.server.requests[0]
        self.assertEqual(path, "/v1/completions")
        self.assertRegex(body["prompt"], r"^\d \+ 1\?$")
        self.assertEqual((body.get("max_tokens"), body["n_predict"]), (None, 5))
        self.assertIn("expected", self.last_line("--endpoint-extra", "[1]", code=EXIT_USAGE))

    def test_no_more_requests_at_once_than_asked_for(self):
        self.server.delay_s = 0.05
        self.eval("--samples", 4, "--concurrency", 3)
        self.assertEqual(self.server.most_running, 3)

    def test_what_goes_away_is_asked_again(self):
        faults = [("status", 429, ("Retry-After", "1")), ("status", 500), ("status", 503), ("drop",), ("half",),
                  ("body", b"<html>not json"), ("body", {"choices": []}), ("body", b""), ("slow", 6)]
        self.server.faults = lambda body, attempt: (
            faults[int(body["messages"][0]["content"].split()[0]) % len(faults)] if attempt == 0 else None)
        result = self.eval("--out", "E", "--endpoint-timeout-s", 3)
        self.assertRegex(result.stdout, r"accuracy % +90.0")
        self.assertIn("10 requests were asked again", result.stderr)
        self.assertEqual(len(self.server.requests), 20)
        self.assertEqual(len(self.read_rows("E/first.jsonl")), 11)

    def test_what_does_not_go_away_ends_it_with_the_servers_words(self):
        self.server.faults = lambda body, attempt: ("status", 401)
        self.assertEqual(self.last_line(code=EXIT_FAILURE), f"{self.url}: HTTP 401: not now")
        self.assertLessEqual(len(self.server.requests), 10)
        self.server.faults = lambda body, attempt: ("status", 503)
        self.assertIn("HTTP 503: not now (problem p", self.last_line("--endpoint-retries", 1, code=EXIT_FAILURE))
        self.server.faults = lambda body, attempt: ("body", b"{")
        self.assertIn("the server's answer", self.last_line("--endpoint-retries", 0, code=EXIT_FAILURE))
        self.server.faults = lambda body, attempt: ("trickle", 400)
        start = time.time()
        self.assertIn("no whole answer within 0.5 s",
                      self.last_line("--endpoint-retries", 0, "--endpoint-timeout-s", 0.5, code=EXIT_FAILURE))
        self.assertLess(time.time() - start, 20)
        self.server.shutdown()
        self.server.server_close()
        self.assertIn("cannot connect", self.last_line("--endpoint-retries", 1, code=EXIT_FAILURE))
        self.assertIn("expected http://HOST", self.laconic(
            "eval", "--endpoint", "localhost", "--model", "m", "--data", "problems.jsonl", code=EXIT_USAGE).stderr)

    def test_a_hostile_server_is_bounded_in_time_and_memory(self):
        server = HostileServer()
        self.addCleanup(server.socket.close)
        for why, parts in HOSTILE.items():
            with self.subTest(why):
                server.parts = parts
                process = self.start("eval", "--endpoint", server.url, "--model", "served", "--data", "problems.jsonl",
                                     "--max-new-tokens", 64, "--endpoint-retries", 0, "--endpoint-timeout-s", 0.5)
                start = time.time()
                _, error = process.communicate(timeout=30)
                self.assertLess(time.time() - start, 20)
                self.assertEqual(process.returncode, EXIT_FAILURE, error)
                self.assertIn(server.url, error.splitlines()[-1])
        peak_kb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        self.assertLess(peak_kb, 500_000)

    def test_what_a_server_says_otherwise_is_told(self):
        def answer(**changes):
            def of(body):
                value = reply(body)
                for name, change in changes.items():
                    (value if name in value else value["choices"][0])[name] = change
                return value
            return of
        self.server.reply = answer(model="another\x1b[31m")
        self.assertIn('model: expected "served", got "another\\x1b[31m"', self.eval().stderr)
        self.server.reply = answer(finish_reason="content_filter")
        self.assertIn('10 of 10 answers ended with finish_reason "content_filter"', self.eval().stderr)
        self.server.reply = answer(usage={"completion_tokens": 65})
        self.assertIn("10 of 10 answers count more than the 64 tokens that were asked for, up to 65",
                      self.eval().stderr)
        for count in (2**63 - 1, 2**31, -1, 1.5):
            self.server.reply = answer(usage={"completion_tokens": count})
            self.assertIn("completion_tokens: expected", self.last_line("--endpoint-retries", 0, code=EXIT_FAILURE))

    def test_a_key_that_would_be_a_header_is_refused(self):
        self.assertIn("expected a key of visible ASCII",
                      self.last_line("--endpoint-key-env", "K", code=EXIT_USAGE, env={"K": "a\nX-B: c"}))

    def test_a_proxy_of_the_environment_is_not_used(self):
        self.eval(env={"http_proxy": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1"})

    def test_who_counts_the_tokens(self):
        def without_usage(body):
            return {**reply(body), "usage": None}
        self.server.reply = without_usage
        self.assertIn("--tokenizer FOLDER", self.last_line(code=EXIT_USAGE))
        self.laconic("world", "--init-model", "model", "--hidden-size", 32, "--num-layers", 2,
                     "--intermediate-size", 64, "--vocab-size", 384)
        self.assertIn('tokens by {"tokenizer": 10}', self.eval("--tokenizer", "model").stdout)

        def with_logprobs(body):
            answer = without_usage(body)
            answer["choices"][0]["logprobs"] = {"content": [{"token": "x", "logprob": -1}] * 13}
            return answer
        self.server.reply = with_logprobs
        result = self.eval()
        self.assertIn('tokens by {"logprobs": 10}', result.stdout)
        self.assertRegex(result.stdout, r"tokens, all +13.0")

    def test_finish_reason_is_honoured(self):
        def cut(body):
            answer = reply(body)
            answer["choices"][0]["finish_reason"] = "length" if "3 +" in str(body) else "stop"
            return answer
        self.server.reply = cut
        self.assertRegex(self.eval().stdout, r"truncated % +10.0")

    def wait_for_rows(self, path, count):
        deadline = time.time() + 60
        while time.time() < deadline and not (path.exists() and path.read_bytes().count(b"\n") > count):
            time.sleep(0.01)

    def test_killed_and_restarted_asks_only_for_what_is_missing(self):
        self.server.delay_s = 0.03
        process = self.start(*self.arguments("--samples", 20, "--concurrency", 2, "--out", "E"))
        partial = self.folder / "E/first.jsonl.partial"
        self.wait_for_rows(partial, 20)
        process.kill()
        process.wait()
        found = partial.read_bytes().count(b"\n") - 1
        time.sleep(0.2)
        self.server.delay_s = 0
        self.server.requests.clear()
        result = self.eval("--samples", 20, "--concurrency", 2, "--out", "E")
        self.assertEqual(len(self.server.requests), 200 - found)
        self.assertEqual(result.stdout, self.eval("--samples", 20, "--out", "whole").stdout)
        self.assertEqual((self.folder / "E/first.jsonl").read_text(), (self.folder / "whole/first.jsonl").read_text())
        other = self.laconic("eval", "--endpoint", self.url, "--model", "other", "--data", "problems.jsonl",
                             "--max-new-tokens", 64, "--samples", 20, "--out", "E", code=EXIT_USAGE)
        self.assertIn('served_model "served", got "other"', other.stderr)

    def test_a_signal_does_not_wait_for_slow_answers(self):
        self.server.faults = lambda body, attempt: ("slow", 20) if "1 +" in str(body) else None
        process = self.start(*self.arguments("--out", "E"))
        self.wait_for_rows(self.folder / "E/first.jsonl.partial", 9)
        start = time.time()
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=15), EXIT_SAVED)
        self.assertLess(time.time() - start, 5)

    def test_generate(self):
        args = ("generate", "--endpoint", self.url, "--model", "served", "--input", "problems.jsonl")
        self.laconic(*args, "--output", "one.jsonl", "--n", 1)
        rows = self.read_rows("one.jsonl")
        self.assertEqual(sorted(row["id"] for row in rows), [f"p{i}" for i in range(10)])
        row = next(row for row in rows if row["id"] == "p3")
        self.assertEqual((row["num_tokens"], row["counted_by"], row["finish_reason"], row["answer"]),
                         (23, "usage", "stop", "4"))
        judged = self.rows(self.laconic("verify", stdin="".join(json.dumps(row) + "\n" for row in rows)))
        self.assertEqual(sum(row["verdict"] == "right" for row in judged), 9)
        self.laconic(*args, "--output", "one.jsonl", "--n", 1, "--temperature", 0.5, code=EXIT_USAGE)
        self.laconic(*args, "--logprobs", code=EXIT_USAGE)

    def test_options_that_would_do_nothing_are_refused(self):
        for name in ("a", "t"):
            (self.folder / name).mkdir()
        for command in (("eval", "--data"), ("generate", "--input")):
            args = (*command, "problems.jsonl", "--model", "served")
            for option in (("--sampling-weights", "int8"), ("--slots", 3), ("--adapter", "a")):
                message = self.laconic(*args, "--endpoint", self.url, *option, code=EXIT_USAGE).stderr
                self.assertEqual(message, f"{option[0]}: expected a model folder, got --endpoint\n")
            for option in (("--concurrency", 3), ("--endpoint-extra", "{}"), ("--tokenizer", "t"),
                           ("--endpoint-retries", 2)):
                message = self.laconic(*args, *option, code=EXIT_USAGE).stderr
                self.assertEqual(message, f"{option[0]}: expected --endpoint with it, got none\n")


laconic_test.main()
