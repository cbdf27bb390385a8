"""Clients that are slow, lie or are many, and a server that is stopped or gets a new model in the middle of it."""

import http.client
import os
import resource
import shutil
import signal
import threading
import unittest

from tests.cli.serving_case import Server, ServingCase, open_files_of
from tests.cli.transfer_case import SLOWER


class ConnectionsToServe(ServingCase):
    def head(self, length, more=""):
        return f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{more}\r\n".encode()

    def test_one_connection_carries_several_requests(self):
        with self.serve() as server:
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60 * SLOWER)
            for path, method, body, status in (("/healthz", "GET", None, 200), ("/predict", "POST", self.image, 200),
                                               ("/nowhere", "GET", None, 404), ("/predict", "POST", self.image, 200)):
                connection.request(method, path, body)
                answer = connection.getresponse()
                answer.read()
                self.assertEqual(answer.status, status)
            connection.close()
            text = server.ask("GET", "/metrics")[2].decode()
            self.assertIn("transfer_body_bytes 0\n", text)

    def test_a_client_that_waits_to_be_asked_for_its_body(self):
        with self.serve() as server, server.connect() as client:
            client.sendall(self.head(len(self.image), "Expect: 100-continue\r\n"))
            self.assertTrue(client.recv(1000).startswith(b"HTTP/1.1 100 Continue"))
            client.sendall(self.image)
            self.assertTrue(client.recv(1000).startswith(b"HTTP/1.1 200"))

    def test_half_sent_requests_keep_nobody_waiting(self):
        with self.serve() as server:
            halves = []
            for sent in (b"", b"GET /heal", b"POST /predict HTTP/1.1\r\nContent-", self.head(1000) + b"half",
                         self.head(10 ** 7), self.head(10, "Transfer-Encoding: chunked\r\n"),
                         b"POST /predict HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\n"):
                client = server.connect()
                client.sendall(sent)
                halves.append(client)
            for _ in range(20):
                self.assertEqual(server.get("/healthz")[0], 200)
            self.assertEqual(server.post("/predict", self.image)[0], 200)
            for client in halves:
                client.close()
            self.assertEqual(server.post("/predict", self.image)[0], 200)

    def test_ten_thousand_connections(self):
        wanted = 10_000
        most, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (most, hard))
        if hard < wanted + 200:
            wanted = hard - 200
        with self.serve("--max-connections", "500") as server:
            clients = []
            try:
                for i in range(wanted):
                    client = server.connect()
                    if i % 3 == 0:
                        client.sendall(b"POST /predict HTTP/1.1\r\nContent-Length: 100\r\n\r\nab")
                    clients.append(client)
                    if i % 1000 == 999:
                        self.assertEqual(server.get("/healthz")[0], 200, f"after {i + 1} connections")
                self.assertEqual(server.post("/predict", self.image)[0], 200)
                self.assertLess(open_files_of(server.process), 600)
            finally:
                for client in clients:
                    client.close()
            self.assertEqual(server.get("/healthz")[0], 200)

    def test_fewer_open_files_than_connections(self):
        limited = ["sh", "-c", 'ulimit -n 128; exec "$@"', "sh"]
        command = [*limited, *self.command("serve", "--model", self.model)]
        with Server(command, self.folder, self.environment()) as server:
            server.wait_for_message("--max-connections", "64")
            clients = [server.connect() for _ in range(300)]
            self.assertEqual(server.get("/healthz")[0], 200)
            for client in clients:
                client.close()

    def test_a_stop_finishes_what_has_arrived(self):
        with self.serve() as server, server.connect() as idle, server.connect() as client:
            client.sendall(self.head(len(self.image)) + self.image[:50])
            self.assertEqual(server.get("/healthz")[0], 200)  # what was sent before has arrived
            server.process.send_signal(signal.SIGTERM)
            server.wait_for_message("stopping")
            self.assertEqual(idle.recv(10), b"", "a connection without a request is closed")
            client.sendall(self.image[50:])
            self.assertTrue(client.recv(10_000).startswith(b"HTTP/1.1 200"))
            self.assertEqual(server.process.wait(60 * SLOWER), 0)
            with self.assertRaises(OSError):
                server.connect()

    def test_a_second_signal_waits_for_nobody(self):
        with self.serve("--stop-timeout", "3600") as server, server.connect() as client:
            client.sendall(self.head(100) + b"half")
            self.assertEqual(server.get("/healthz")[0], 200)
            server.process.send_signal(signal.SIGINT)
            server.wait_for_message("stopping")
            server.process.send_signal(signal.SIGINT)
            self.assertEqual(server.process.wait(60 * SLOWER), 0)

    def test_a_changed_model_is_loaded_without_a_lost_request(self):
        served = self.folder / "served.pt"
        shutil.copy(self.model / "model.pt", served)
        self.make_data("other", classes=("red", "green"))
        self.train(data="other", out="other-run")
        with self.serve(model=f"served={served}") as server:
            statuses, stop = [], threading.Event()

            def keep_asking():
                while not stop.is_set():
                    statuses.append(server.post("/predict", self.image)[0])

            askers = [threading.Thread(target=keep_asking) for _ in range(3)]
            for asker in askers:
                asker.start()
            try:
                before = server.get("/model")[1]
                self.replace(served, (self.folder / "other-run/model.pt").read_bytes())
                server.process.send_signal(signal.SIGHUP)
                server.wait_for_message("served: loaded the new")
                after = server.get("/model")[1]
                self.assertEqual((before["classes"], after["classes"]), (["blue", "red"], ["green", "red"]))
                self.replace(served, b"broken")
                server.process.send_signal(signal.SIGHUP)
                server.wait_for_message("served: the former model stays", "served.pt")
                self.assertEqual(server.get("/model")[1]["sha256"], after["sha256"])
            finally:
                stop.set()
                for asker in askers:
                    asker.join()
            self.assertGreater(len(statuses), 0)
            self.assertEqual(set(statuses), {200})
            metrics = server.ask("GET", "/metrics")[2].decode()
            self.assertIn("transfer_model_reloads_total 1\n", metrics)
            self.assertIn("transfer_model_reload_failures_total 1\n", metrics)

    def replace(self, file, content):
        new = file.with_suffix(".new")
        new.write_bytes(content)
        os.replace(new, file)


if __name__ == "__main__":
    unittest.main()
