"""How tests hand files over to a service."""

import time

SETTLED_S = 0.3
TABLE = b"lon,lat,kind\n25,45,forest\n"


class Handed:
    """Hands files over, and looks at what lies in the folder of uploads."""

    def __init__(self, asker, root):
        self.client, self.folder = asker.client, root / "uploads"

    def __call__(self, name, content, **query):
        return self.client.post("/v1/files", params={"name": name, **query}, content=content)

    @property
    def names(self):
        return sorted(path.name for path in self.folder.iterdir()) if self.folder.exists() else []

    def wait_for_tidying(self):
        """The server may answer before the service has begun to write: none must have been there for a while."""
        seen = time.monotonic()
        while time.monotonic() - seen < SETTLED_S:
            self.client.get("/v1/status")
            if any("partial" in name for name in self.names):
                seen = time.monotonic()

    def refused(self, name, content, code, **query):
        """The error of an answer of the 4xx kind, after which nothing has changed and the service answers."""
        before = self.names
        answer = self(name, content, **query)
        error = answer.json()["error"]
        assert (answer.status_code // 100, error["code"]) == (4, code), error
        assert error["cause"]
        assert error["remedy"]
        assert self.names == before
        assert self.client.get("/v1/hello").status_code == 200
        return error
