# SPDX-License-Identifier: Apache-2.0
"""A certificate authority for tests, by openssl and keytool: keys as PEM, PKCS#12 and JKS.

authority = Authority(tmp_path, "ours")
server = authority.issue("server", ["localhost", "127.0.0.1"])
settings = server.settings("PKCS12") | authority.settings("PEM")
"""

import subprocess

PASSWORD = "store-secret"


def run(*command):
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


class Key:
    """A private key with its certificate: .key and .chain are PEM files, .store() any kind."""

    def __init__(self, directory, name):
        self.directory, self.name = directory, name
        self.key = directory / f"{name}.key"
        self.chain = directory / f"{name}.crt"

    def path(self, kind):
        return self.directory / f"{self.name}.{kind.lower()}"

    def store(self, kind):
        path = self.path(kind)
        if path.exists():
            return path
        if kind == "PEM":
            path.write_text(self.chain.read_text() + self.key.read_text())
        elif kind == "PKCS12":
            export = ["-export", "-name", "own", "-inkey", self.key, "-in", self.chain]
            run("openssl", "pkcs12", *export, "-passout", f"pass:{PASSWORD}", "-out", path)
        else:
            source = ["-srckeystore", self.store("PKCS12"), "-srcstorepass", PASSWORD]
            target = ["-destkeystore", path, "-deststoretype", "JKS", "-deststorepass", PASSWORD]
            run("keytool", "-importkeystore", "-noprompt", *source, *target)
        return path

    def settings(self, kind, prefix=""):
        settings = {
            f"{prefix}ssl.keystore.type": kind,
            f"{prefix}ssl.keystore.location": self.store(kind),
        }
        if kind != "PEM":
            settings[f"{prefix}ssl.keystore.password"] = PASSWORD
            settings[f"{prefix}ssl.key.password"] = PASSWORD
        return settings


class Authority:
    """Issues keys whose certificates verify against its trust store, .certificate as PEM."""

    def __init__(self, directory, name, bits=2048, digest="sha256"):
        self.directory, self.name = directory, name
        directory.mkdir(parents=True, exist_ok=True)
        self._key = directory / f"{name}-ca.key"
        self.certificate = directory / f"{name}-ca.crt"
        out = ["-keyout", self._key, "-out", self.certificate]
        self._new_key = ["-newkey", f"rsa:{bits}", "-nodes", f"-{digest}"]
        self._digest = f"-{digest}"
        run("openssl", "req", "-x509", *self._new_key, "-days", "2", "-subj", f"/CN={name} authority", *out)

    def issue(self, name, hosts=("localhost", "127.0.0.1"), days=2):
        """A new key of the name; stores with a former one are gone. days: -1 is expired."""
        made = Key(self.directory, f"{self.name}-{name}")
        for kind in ("PEM", "PKCS12", "JKS"):
            made.path(kind).unlink(missing_ok=True)
        names = [f"{'IP' if host[0].isdigit() else 'DNS'}:{host}" for host in hosts]
        extensions = made.key.with_suffix(".ext")
        extensions.write_text(
            f"subjectAltName={','.join(names)}\nextendedKeyUsage=serverAuth,clientAuth\n"
        )
        request = made.key.with_suffix(".csr")
        out = ["-keyout", made.key, "-out", request]
        run("openssl", "req", "-new", *self._new_key, "-subj", f"/CN={name}", *out)
        signer = ["-CA", self.certificate, "-CAkey", self._key, "-CAcreateserial"]
        out = ["-in", request, "-days", days, "-extfile", extensions, "-out", made.chain]
        run("openssl", "x509", "-req", self._digest, *signer, *out)
        return made

    def store(self, kind):
        """A trust store with the authority's certificate."""
        if kind == "PEM":
            return self.certificate
        path = self.directory / f"{self.name}-trust.{kind.lower()}"
        if not path.exists():
            where = ["-keystore", path, "-storetype", kind, "-storepass", PASSWORD]
            file = ["-file", self.certificate]
            run("keytool", "-importcert", "-noprompt", "-alias", "ca", *where, *file)
        return path

    def settings(self, kind, prefix=""):
        settings = {
            f"{prefix}ssl.truststore.type": kind,
            f"{prefix}ssl.truststore.location": self.store(kind),
        }
        if kind != "PEM":
            settings[f"{prefix}ssl.truststore.password"] = PASSWORD
        return settings

