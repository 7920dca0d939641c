"""A mail sink on loopback: takes what a relay takes, keeps it, and refuses or stays silent where a test says so."""
import asyncio
import email
import email.policy
import hashlib
import ssl
import tempfile
import threading

from harness.oidc import self_signed


class Letter:
    def __init__(self, address, raw):
        self.address, self.message = address, email.message_from_bytes(raw, policy=email.policy.default)
        self.id, self.subject = self.message['Message-ID'], self.message['Subject']
        self.delivery = self.id.strip('<>').split('@')[0]
        self.octets = self.message.get_payload(decode=True)
        self.text, self.sha256 = self.octets.decode(), hashlib.sha256(self.octets).hexdigest()


class Sink:
    def __init__(self, port=0, tls=False, keep=True):
        """keep: whole letters; else only their count."""
        self.letters, self.count, self.replies, self.mute_after_data = [], 0, {}, set()
        self.keep, self.connections, self.folder = keep, 0, tempfile.TemporaryDirectory(prefix='cx-smtp-')
        self.ca, self.context = None, None
        if tls:
            self_signed(self.folder.name)
            self.ca = f'{self.folder.name}/tls.pem'
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(self.ca)
        self.loop, started = asyncio.new_event_loop(), threading.Event()

        async def begin():
            self.server = await asyncio.start_server(self.serve, '127.0.0.1', port)
            self.port = self.server.sockets[0].getsockname()[1]
            started.set()

        def run():
            asyncio.set_event_loop(self.loop)
            self.loop.run_until_complete(begin())
            self.loop.run_forever()
        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()
        assert started.wait(10)

    async def serve(self, reader, writer):
        self.connections += 1
        try:
            await self.talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    async def talk(self, reader, writer):
        def say(text):
            writer.write(text.encode() + b'\r\n')
        address, secure = None, False
        say('220 sink')
        while True:
            line = (await reader.readuntil(b'\r\n')).decode().rstrip('\r\n')
            verb = line.split(' ')[0].split(':')[0].upper()
            if verb == 'EHLO':
                say('250-sink')
                if self.context and not secure:
                    say('250-STARTTLS')
                say('250 8BITMIME')
            elif verb == 'STARTTLS' and self.context:
                say('220 go')
                await writer.drain()
                await self.upgrade(reader, writer)
                secure = True
            elif verb == 'RCPT':
                address = line[line.index('<') + 1:line.index('>')]
                say(self.replies.get(address, '250 ok'))
            elif verb == 'DATA':
                say('354 go on')
                raw = (await reader.readuntil(b'\r\n.\r\n'))[:-3]
                if address in self.mute_after_data:
                    self.mute_after_data.discard(address)
                    self.take(address, raw)
                    return  # taken, and the sender never learns of it
                self.take(address, raw)
                say('250 taken')
            elif verb == 'QUIT':
                say('221 bye')
                await writer.drain()
                return
            else:
                say('250 ok')
            await writer.drain()

    def take(self, address, raw):
        self.count += 1
        if self.keep:
            self.letters.append(Letter(address, raw))

    async def upgrade(self, reader, writer):
        """asyncio's StreamWriter.start_tls is of 3.11; Debian 12 has it."""
        await writer.start_tls(self.context)

    def stop(self):
        def end():
            self.server.close()
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            self.loop.call_later(0.05, self.loop.stop)
        self.loop.call_soon_threadsafe(end)
        self.thread.join(10)
        self.folder.cleanup()
