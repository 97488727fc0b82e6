"""What clients see of the cloud's connections, below what boto3 shows."""

from __future__ import annotations

import socket

from local.cloud import HEALTH_PATH
from local.lifecycle import LaptopCloud

ASK = f"GET {HEALTH_PATH} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def connected(cloud: LaptopCloud) -> socket.socket:
    return socket.create_connection(("127.0.0.1", cloud.port), timeout=10)


def test_an_answer_comes_whole_and_the_connection_stays_for_the_next(cloud: LaptopCloud) -> None:
    with connected(cloud) as connection:
        for _ in range(5):
            connection.sendall(ASK)
            head, _, body = connection.recv(65536).partition(b"\r\n\r\n")

            assert head.startswith(b"HTTP/1.1 200")
            # Whoever looks at once finds no head that still waits for its body.
            assert b'"pid"' in body


def test_a_connection_ends_when_its_client_has_gone(cloud: LaptopCloud) -> None:
    with connected(cloud) as connection:
        connection.sendall(ASK)
        connection.recv(65536)
        connection.shutdown(socket.SHUT_WR)

        assert connection.recv(65536) == b""
