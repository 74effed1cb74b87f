"""Python code for Protos/rapport, made anew for each run; importing this module makes it."""

import pathlib
import sys
import tempfile

from grpc_tools import protoc

ROOT = pathlib.Path(__file__).resolve().parents[2]


def make() -> pathlib.Path:
    """google's own protos come with googleapis-common-protos."""
    out = pathlib.Path(tempfile.mkdtemp(prefix="rapport-stubs-"))
    protos = ROOT / "Protos"
    files = sorted(str(path.relative_to(protos)) for path in protos.glob("rapport/**/*.proto"))
    includes = [f"-I{protos}", f"-I{pathlib.Path(protoc.__file__).parent / '_proto'}"]
    code = protoc.main(["protoc", *includes, f"--python_out={out}", f"--grpc_python_out={out}", *files])
    assert code == 0, "protoc failed"
    sys.path.insert(0, str(out))
    return out


make()
