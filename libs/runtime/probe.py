"""`python -m libs.runtime.probe PORT`: whether the service whose health page is there is ready; for containers."""

import sys
import urllib.error
import urllib.request

TIMEOUT_SECONDS = 4.0


def ready(port: int) -> bool:
    """Whether `/readyz` on this machine answers 200 in time."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=TIMEOUT_SECONDS) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, TimeoutError, OSError):
        return False


def main(arguments: list[str]) -> int:
    """0: ready, 1: not, 2: no port was named."""
    if len(arguments) != 1 or not arguments[0].isdecimal():
        sys.stderr.write("usage: python -m libs.runtime.probe PORT\n")
        return 2
    return 0 if ready(int(arguments[0])) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
