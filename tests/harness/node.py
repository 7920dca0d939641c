"""Another node over the same database."""
import os
import re
import shutil

from harness.instance import Instance, free_port


class Node(Instance):
    """A second node: the data directory of a stopped first one, copied as an operator would, with ports of its own."""

    def __init__(self, first, folder):
        self.__dict__.update({k: v for k, v in first.__dict__.items() if not k.startswith('_')})
        self.folder, self.data, self.log = folder, os.path.join(folder, 'data'), os.path.join(folder, 'serve.log')
        os.chmod(folder, 0o755)
        shutil.copytree(first.data, self.data, symlinks=True)
        for base, folders, files in os.walk(first.data):
            for name in ['.', *folders, *files]:
                path = os.path.join(base, name)
                if os.path.lexists(path) and not os.path.islink(path):
                    owner = os.stat(path)
                    os.chown(os.path.join(self.data, os.path.relpath(path, first.data)), owner.st_uid, owner.st_gid)
        self.process, self.port, self.status_port = None, free_port(), free_port()
        path = os.path.join(self.data, 'certinext.yaml')
        with open(path) as f:
            text = f.read()
        for name, port in (('https_listen', self.port), ('http_listen', self.status_port)):
            text, count = re.subn(rf'(?m)^({name}:).*$', rf'\1 "127.0.0.1:{port}"', text)
            assert count == 1, text
        with open(path, 'w') as f:
            f.write(text)
