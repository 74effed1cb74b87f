"""Tokens as an identity provider would issue them, and as an attacker would: signed with whatever key and claims."""

import base64
import json
import pathlib
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

ISSUER = "issuer-development"


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign(claims: dict, key: Ed25519PrivateKey, kid: str = ISSUER, algorithm: str = "EdDSA") -> str:
    """A JWS in compact form (RFC 7515 §3.1)."""
    head = encoded(json.dumps({"alg": algorithm, "typ": "JWT", "kid": kid}).encode())
    body = encoded(json.dumps(claims).encode())
    return f"{head}.{body}.{encoded(key.sign(f'{head}.{body}'.encode()))}"


def issuer_key(home: pathlib.Path) -> Ed25519PrivateKey:
    return load_pem_private_key((home / "keys" / f"{ISSUER}.key").read_bytes(), password=None)


def claims(person: str, purpose: str = "coaching", lifetime: int = 3600, **more) -> dict:
    return {
        "sub": person,
        "org": "/".join(person.split("/")[:2]),
        "iss": "rapport-development",
        "aud": "rapport",
        "purpose": purpose,
        "exp": int(time.time()) + lifetime,
        **more,
    }


def token(home: pathlib.Path, person: str, purpose: str = "coaching", lifetime: int = 3600, **more) -> str:
    """A good token of a person. `more`: further claims, such as roles=["programme_admin"] or scope="import"."""
    return sign(claims(person, purpose, lifetime, **more), issuer_key(home))
