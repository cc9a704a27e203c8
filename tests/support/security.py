# SPDX-License-Identifier: Apache-2.0
"""Security for the test bed: OAuth tokens with their endpoint, a Kerberos realm, and a broker
that has a listener for each way to log in.

Settings come as Java's clients spell them: settings("scram") -> {"security.protocol": ...}.
"""

import base64
import http.server
import json
import os
import pathlib
import shutil
import tempfile
import threading
import time
import urllib.parse

from confluent_kafka.admin import (
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from certificates import PASSWORD, Authority
from java import tool
from kafka_cluster import Cluster
from processes import Process, free_port, run, wait_for
from toxics import Toxics

MODULE = "org.apache.kafka.common.security"
USER, SECRET = "mirror", "mirror-secret"
REALM = "ISTHMUS.TEST"
BEARER_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def openssl(*arguments, stdin=None):
    return run("openssl", ["openssl", *arguments], stdin=stdin)


def base64url(data):
    if isinstance(data, dict):
        data = json.dumps(data).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Tokens:
    """Signs JWTs, keeps the key set that brokers validate them with, and serves an endpoint, which
    takes the client's secret or an assertion that is signed by its key.

    lifetime: of the endpoint's tokens, in seconds; given: how many it has given."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self._key = self.directory / "jwt.key"
        openssl("genrsa", "-out", self._key, "2048")
        modulus = openssl("rsa", "-in", self._key, "-noout", "-modulus").strip().partition("=")[2]
        key = {
            "kty": "RSA",
            "kid": "test",
            "alg": "RS256",
            "use": "sig",
            "n": base64url(bytes.fromhex(modulus)),
            "e": "AQAB",
        }
        self.key_set = self.directory / "jwks.json"
        self.key_set.write_text(json.dumps({"keys": [key]}))
        self.file = self.directory / "token"
        self.lifetime, self.given = 300, 0
        self.assertion = self._assertion_settings()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}/token"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def token(self, lifetime=300):
        now = int(time.time())
        claims = {"sub": USER, "aud": "kafka", "scope": "mirror", "iat": now, "exp": now + lifetime}
        head = base64url({"alg": "RS256", "kid": "test", "typ": "JWT"})
        text = f"{head}.{base64url(claims)}"
        with tempfile.TemporaryDirectory(dir=self.directory) as own:  # clients ask at the same time
            payload, signature = pathlib.Path(own, "payload"), pathlib.Path(own, "signature")
            payload.write_text(text)
            openssl("dgst", "-sha256", "-sign", self._key, "-out", signature, payload)
            return f"{text}.{base64url(signature.read_bytes())}"

    def _assertion_settings(self):
        """Of JwtBearerJwtRetriever; the key in the one form that Java reads, too."""
        key, self._client_key = self.directory / "client.key", self.directory / "client.pem"
        template = self.directory / "template.json"
        openssl("genrsa", "-out", self._client_key, "2048")
        pkcs8 = openssl("pkcs8", "-topk8", "-nocrypt", "-in", self._client_key)
        key.write_text("".join(line for line in pkcs8.split() if len(line) > 20))
        template.write_text(json.dumps({"header": {"kid": "client"}, "payload": {"tenant": 7}}))
        prefix = "sasl.oauthbearer.assertion."
        return {
            "sasl.oauthbearer.jwt.retriever.class": f"{MODULE}.oauthbearer.JwtBearerJwtRetriever",
            "sasl.oauthbearer.scope": "mirror",
            f"{prefix}private.key.file": key,
            f"{prefix}template.file": template,
            f"{prefix}claim.sub": USER,
            f"{prefix}claim.aud": "token-endpoint",
        }

    def _admits_assertion(self, form):
        """Whether the form has an assertion that the client's key has signed, with its claims."""
        text, _, signature = form["assertion"][0].rpartition(".")
        head, claims = (json.loads(from_base64url(part)) for part in text.split("."))
        with tempfile.TemporaryDirectory(dir=self.directory) as own:
            payload, file = pathlib.Path(own, "payload"), pathlib.Path(own, "signature")
            payload.write_text(text)
            file.write_bytes(from_base64url(signature))
            check = ["-sha256", "-prverify", self._client_key, "-signature", file, payload]
            good = "Verified OK" in run("openssl", ["openssl", "dgst", *check], check=False)
        return good and (head["kid"], claims["tenant"], claims["sub"], claims["aud"]) == (
            "client", 7, USER, "token-endpoint",
        ) and claims["nbf"] <= claims["iat"] < claims["exp"]  # fmt: skip

    def _admits(self, authorization, form):
        if form.get("grant_type") == [BEARER_GRANT]:
            return not authorization and self._admits_assertion(form)
        secret = "Basic " + base64.b64encode(f"{USER}:{SECRET}".encode()).decode()
        return authorization == secret and form.get("grant_type") == ["client_credentials"]

    def _handler(tokens):
        lock = threading.Lock()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = urllib.parse.parse_qs(body)
                with lock:
                    if not tokens._admits(self.headers.get("Authorization"), form):
                        self._answer(401, {"error": "invalid_client"})
                        return
                    lifetime = tokens.lifetime
                    token = tokens.token(lifetime)
                    tokens.given += 1
                self._answer(
                    200, {"access_token": token, "token_type": "Bearer", "expires_in": lifetime}
                )

            def _answer(self, status, what):
                text = json.dumps(what).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *arguments):
                pass

        return Handler

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class Kerberos:
    """A realm of MIT Kerberos on a loopback port, its database in a directory."""

    @staticmethod
    def missing():
        """Which of its programs aren't installed: None or their names."""
        path = os.environ["PATH"] + ":/usr/sbin:/sbin"
        programs = ("krb5kdc", "kdb5_util", "kadmin.local", "kinit")
        return ", ".join(p for p in programs if not shutil.which(p, path=path)) or None

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.conf = self.directory / "krb5.conf"
        self.conf.write_text(f"""[libdefaults]
default_realm = {REALM}
dns_lookup_kdc = false
dns_lookup_realm = false
dns_canonicalize_hostname = false
rdns = false
udp_preference_limit = 1
[realms]
{REALM} = {{
  kdc = 127.0.0.1:{self.port}
}}
""")
        profile = self.directory / "kdc.conf"
        profile.write_text(f"""[realms]
{REALM} = {{
  kdc_listen = 127.0.0.1:{self.port}
  kdc_tcp_listen = 127.0.0.1:{self.port}
  database_name = {self.directory}/principal
  key_stash_file = {self.directory}/stash
  acl_file = {self.directory}/acl
}}
""")
        self.environment = {
            "KRB5_CONFIG": str(self.conf),
            "KRB5_KDC_PROFILE": str(profile),
            "KRB5CCNAME": f"FILE:{self.directory}/ccache",
            "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin",
        }
        self._run("kdb5_util", "create", "-s", "-r", REALM, "-P", "master-secret")
        self.process = Process("krb5kdc", ["krb5kdc", "-n"], env=self.environment)
        self.keytabs = {name: self._keytab(name) for name in ("kafka/localhost", USER)}
        wait_for(lambda: self._answers(), 20, "the KDC to give a ticket")

    def _run(self, *command, check=True):
        return run(command[0], command, env=self.environment, check=check)

    def _keytab(self, principal):
        file = self.directory / f"{principal.replace('/', '-')}.keytab"
        self._run("kadmin.local", "-r", REALM, "-q", f"addprinc -randkey {principal}")
        self._run("kadmin.local", "-r", REALM, "-q", f"ktadd -k {file} {principal}")
        return file

    def _answers(self):
        self.process.must_live()
        cache = f"FILE:{self.directory}/probe"
        out = self._run("kinit", "-c", cache, "-k", "-t", self.keytabs[USER], USER, check=False)
        return not out.strip()

    def close(self):
        self.process.kill()


# Listener: its protocol, and the mechanism where there is one.
LISTENERS = {
    "mutual": ("SSL", None),
    "weak": ("SSL", None),
    "scram": ("SASL_SSL", "SCRAM-SHA-512"),
    "plain": ("SASL_SSL", "PLAIN"),
    "oauth": ("SASL_SSL", "OAUTHBEARER"),
    "unsecured": ("SASL_PLAINTEXT", "OAUTHBEARER"),
    "kerberos": ("SASL_PLAINTEXT", "GSSAPI"),
}


class SecureCluster(Cluster):
    """One broker with LISTENERS, each behind a link, and a plain one for the test itself.

    without: the listeners that it doesn't have; "kerberos" where the programs aren't installed.
    settings(listener, ...) are a Java client's, bootstrap.servers included.
    """

    def __init__(self, name, reauthenticate_ms, without=(), **options):
        self.toxics = Toxics()
        super().__init__(name, heap="384m", **options)
        self.authority = Authority(self.directory / "certificates", "fault")
        self.weak = Authority(self.directory / "certificates", "weak", bits=1024, digest="sha1")
        self.tokens = Tokens(self.directory / "tokens")
        self.kerberos = None if Kerberos.missing() else Kerberos(self.directory / "kerberos")
        lacking = {*without, *([] if self.kerberos else ["kerberos"])}
        self.listeners = {k: v for k, v in LISTENERS.items() if k not in lacking}
        self._inner = {listener: free_port() for listener in self.listeners}
        self.links = {k: self.toxics.link(to=port) for k, port in self._inner.items()}
        self.trust = self.authority.store("JKS")
        self.properties = self._properties(reauthenticate_ms)
        self.options = [
            f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={self._key_set_url()}",
            f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.files={self.tokens.key_set}",
        ]
        if self.kerberos:
            self.options.append(f"-Djava.security.krb5.conf={self.kerberos.conf}")
        if self.zookeeper:  # brokers of its time look for the default realm in Java's own classes
            self.options.append("--add-exports=java.security.jgss/sun.security.krb5=ALL-UNNAMED")

    def prepare_zookeeper(self):
        """With the SCRAM user, whom ZooKeeper keeps and brokers read as they start."""
        super().prepare_zookeeper()
        where = ["--zookeeper", self.zookeeper.address, "--entity-type", "users"]
        change = ["--alter", "--add-config", f"SCRAM-SHA-512=[iterations=4096,password={SECRET}]"]
        arguments = [*where, "--entity-name", USER, *change]
        tool("kafka.admin.ConfigCommand", *arguments, version=self.version)

    def start(self):
        """With the SCRAM user, whom a running broker is told of: one formatted in isn't known to a
        broker that is its own controller."""
        super().start()
        if self.zookeeper:
            return self
        info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        user = UserScramCredentialUpsertion(USER, info, SECRET.encode())
        self.admin.alter_user_scram_credentials([user])[USER].result(120)
        return self

    def _key_set_url(self):
        return f"file://{self.tokens.key_set}"

    def _properties(self, reauthenticate_ms):
        broker = self.brokers[0]
        names = {k.upper(): k for k in self.listeners}
        inner = [f"{n}://127.0.0.1:{self._inner[k]}" for n, k in names.items()]
        outer = [f"{n}://localhost:{self.links[k].port}" for n, k in names.items()]
        protocols = [f"{n}:{self.listeners[k][0]}" for n, k in names.items()]
        own = f"PLAINTEXT://{broker.address}"
        if not self.zookeeper:
            inner.append(f"CONTROLLER://127.0.0.1:{broker.controller_port}")
            protocols.append("CONTROLLER:PLAINTEXT")
        settings = {
            "listeners": ",".join([own, *inner]),
            "advertised.listeners": ",".join([own, *outer]),
            "listener.security.protocol.map": ",".join(["PLAINTEXT:PLAINTEXT", *protocols]),
            "connections.max.reauth.ms": reauthenticate_ms,
            "ssl.keystore.location": self.authority.issue("broker").store("PKCS12"),
            "ssl.keystore.password": PASSWORD,
            "ssl.key.password": PASSWORD,
            "ssl.keystore.type": "PKCS12",
            "ssl.truststore.location": self.trust,
            "ssl.truststore.password": PASSWORD,
            "listener.name.mutual.ssl.client.auth": "required",
            "listener.name.weak.ssl.keystore.location": self.weak.issue("broker").store("PKCS12"),
            "listener.name.weak.ssl.keystore.type": "PKCS12",
            "listener.name.weak.ssl.keystore.password": PASSWORD,
            "listener.name.weak.ssl.key.password": PASSWORD,
            "sasl.kerberos.service.name": "kafka",
            "listener.name.oauth.sasl.oauthbearer.jwks.endpoint.url": self._key_set_url(),
            "listener.name.oauth.sasl.oauthbearer.expected.audience": "kafka",
            "listener.name.oauth.oauthbearer.sasl.server.callback.handler.class": (
                f"{MODULE}.oauthbearer.OAuthBearerValidatorCallbackHandler"
            ),
        }
        for listener, (_, mechanism) in self.listeners.items():
            if mechanism:
                prefix = f"listener.name.{listener}"
                settings[f"{prefix}.sasl.enabled.mechanisms"] = mechanism
                jaas = f"{prefix}.{mechanism.lower()}.sasl.jaas.config"
                settings[jaas] = self._broker_jaas(listener)
        return settings

    def _broker_jaas(self, listener):
        return {
            "scram": f"{MODULE}.scram.ScramLoginModule required;",
            "plain": f'{MODULE}.plain.PlainLoginModule required user_{USER}="{SECRET}";',
            "oauth": f"{MODULE}.oauthbearer.OAuthBearerLoginModule required;",
            "unsecured": f"{MODULE}.oauthbearer.OAuthBearerLoginModule required;",
            "kerberos": self._keytab_jaas("kafka/localhost"),
        }[listener]

    def _keytab_jaas(self, principal):
        if not self.kerberos:
            return ""
        return (
            "com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true storeKey=true "
            f'keyTab="{self.kerberos.keytabs[principal]}" principal="{principal}@{REALM}";'
        )

    @property
    def environment(self):
        """What a worker that logs in by Kerberos or OAuth needs."""
        prefix = "-Dorg.apache.kafka.sasl.oauthbearer.allowed"
        urls = f"{prefix}.urls={self.tokens.url},file://{self.tokens.file}"
        paths = [v for k, v in self.tokens.assertion.items() if k.endswith(".file")]
        files = f"{prefix}.files={','.join(map(str, paths))}"
        options = f"{urls} {files}"
        if not self.kerberos:
            return {"KAFKA_OPTS": options, "JDK_JAVA_OPTIONS": options}
        java = f"{options} -Djava.security.krb5.conf={self.kerberos.conf}"
        return {**self.kerberos.environment, "KAFKA_OPTS": options, "JDK_JAVA_OPTIONS": java}

    def settings(self, listener, secret=SECRET, login=None, **more):
        """login: in place of the options of OAuth's login module."""
        protocol, mechanism = self.listeners[listener]
        found = {
            "bootstrap.servers": f"localhost:{self.links[listener].port}",
            "security.protocol": protocol,
        }
        if "SSL" in protocol:
            weak = listener == "weak"
            found["ssl.truststore.location"] = self.weak.store("JKS") if weak else self.trust
            found["ssl.truststore.password"] = PASSWORD
        if mechanism:
            found["sasl.mechanism"] = mechanism
            found["sasl.jaas.config"] = self._client_jaas(listener, secret, login)
        if listener == "oauth":
            found["sasl.oauthbearer.token.endpoint.url"] = self.tokens.url
            found["sasl.login.callback.handler.class"] = (
                f"{MODULE}.oauthbearer.OAuthBearerLoginCallbackHandler"
            )
        if listener == "kerberos":
            found["sasl.kerberos.service.name"] = "kafka"
        return {**found, **more}

    def _client_jaas(self, listener, secret, oauth):
        if oauth is None:
            oauth = f'clientId="{USER}" clientSecret="{secret}" scope="mirror"'
        login = f'required username="{USER}" password="{secret}";'
        bearer = f"{MODULE}.oauthbearer.OAuthBearerLoginModule required"
        return {
            "scram": f"{MODULE}.scram.ScramLoginModule {login}",
            "plain": f"{MODULE}.plain.PlainLoginModule {login}",
            "oauth": f"{bearer} {oauth};",
            "unsecured": f'{bearer} unsecuredLoginStringClaim_sub="{USER}";',
            "kerberos": self._keytab_jaas(USER),
        }[listener]

    def stores(self, kind, name="client"):
        """Settings of a key store of the kind: "JKS", "PKCS12" or "PEM"; made anew each time."""
        return self.authority.issue(f"{name}-{kind.lower()}").settings(kind)

    def close(self):
        super().close()
        self.toxics.close()
        self.tokens.close()
        if self.kerberos:
            self.kerberos.close()
