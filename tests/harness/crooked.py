"""An HTTP server for tests that says exactly what it is told to, byte for byte, or nothing at all."""
import socket
import threading
import time


class Server:
    """answers: {path: bytes, or a callable that takes the socket}. seen: [(path, head)]."""

    def __init__(self, host='127.0.0.1', port=0, family=socket.AF_INET):
        self.answers, self.seen, self.connections = {}, [], 0
        self.listener = socket.create_server((host, port), family=family)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.talk, args=(peer,), daemon=True).start()

    def talk(self, peer):
        with peer:
            try:
                head = b''
                while b'\r\n\r\n' not in head:
                    data = peer.recv(4096)
                    if not data:
                        return
                    head += data
                path = head.split(b' ')[1].decode()
                self.seen.append((path, head))
                answer = self.answers.get(path, b'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')
                if callable(answer):
                    answer(peer)
                else:
                    peer.sendall(answer)
            except OSError:
                pass

    def close(self):
        self.listener.close()


def ok(body):
    body = body.encode() if isinstance(body, str) else body
    return b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s' % (len(body), body)


def redirect(location, status=302):
    return f'HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n'.encode()


def drip(peer):
    """One octet of a header every 0.2 s, for ever."""
    peer.sendall(b'HTTP/1.1 200 OK\r\n')
    while True:
        peer.sendall(b'X')
        time.sleep(0.2)


def flood_headers(peer):
    peer.sendall(b'HTTP/1.1 200 OK\r\n')
    while True:
        peer.sendall(b'X-Fill: ' + b'a' * 1000 + b'\r\n')


def flood_body(peer):
    peer.sendall(b'HTTP/1.1 200 OK\r\n\r\n')
    while True:
        peer.sendall(b'a' * 65536)
