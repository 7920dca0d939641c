"""login_burst.py SOCKET UID ORIGIN AT_ONCE COUNT: COUNT password logins for accounts that do not exist, each from an address of its own, over
AT_ONCE connections, from the first moment or until its input ends. Who is put off (503, 429) comes back when the answer says so, as people and
programs do. One thread and bytes made by hand, so that what it takes of the processor is little, and known: it prints one JSON line with the
answers by status, its processor seconds and the seconds it ran."""
import asyncio
import json
import os
import resource
import sys
import time


class Burst:
    def __init__(self, path, uid, origin, at_once, count):
        self.path, self.uid, self.origin, self.at_once, self.count = path, uid, origin, at_once, count
        self.number, self.statuses, self.ended = 0, {}, asyncio.Event()

    def request(self, i):
        body = b'{"account":"x%d@example.org","password":"a wrong but plausible phrase","code":"123456"}' % i
        return (b'POST /v1/login/password HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nOrigin: %s\r\n'
                b'X-CX-Address: 10.%d.%d.1\r\nContent-Length: %d\r\n\r\n%s'
                % (self.origin, i // 250 % 250, i % 250, len(body), body))

    async def connect(self):
        """Core believes the gate's user id only."""
        root = os.geteuid() == 0
        if root:
            os.setegid(self.uid)
            os.seteuid(self.uid)
        try:
            return await asyncio.open_unix_connection(self.path)
        finally:
            if root:
                os.seteuid(0)
                os.setegid(0)

    async def one(self, i, reader, writer):
        """Seconds to wait before the same is tried again; None: it has its answer."""
        writer.write(self.request(i))
        head = await reader.readuntil(b'\r\n\r\n')
        status, lines = head[9:12].decode(), head.lower().split(b'\r\n')
        length = next(int(line[15:]) for line in lines if line.startswith(b'content-length:'))
        await reader.readexactly(length)
        self.statuses[status] = self.statuses.get(status, 0) + 1
        return int(next(line[12:] for line in lines if line.startswith(b'retry-after:'))) if status in ('503', '429') else None

    async def work(self, reader, writer):
        while self.number < self.count and not self.ended.is_set():
            i, self.number = self.number, self.number + 1
            while not self.ended.is_set():
                wait_s = await self.one(i, reader, writer)
                if wait_s is None:
                    break
                try:
                    await asyncio.wait_for(self.ended.wait(), wait_s)
                except asyncio.TimeoutError:
                    pass
        writer.close()

    async def run(self):
        # One after the other: the user id is the process's.
        connections = [await self.connect() for _ in range(self.at_once)]
        print('ready', flush=True)
        work = [asyncio.create_task(self.work(*connection)) for connection in connections]
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        self.left = self.count - self.number
        self.ended.set()
        await asyncio.gather(*work)


def main():
    path, uid, origin, at_once, count = sys.argv[1:]
    burst, began = Burst(path, int(uid), origin.encode(), int(at_once), int(count)), time.monotonic()
    asyncio.run(burst.run())
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({'statuses': burst.statuses, 'left': burst.left, 'cpu_s': usage.ru_utime + usage.ru_stime, 'seconds': time.monotonic() - began}))


if __name__ == '__main__':
    main()
