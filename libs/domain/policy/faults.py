"""What is wrong with an option."""

SHOWN = 60  # characters of a wrong value in a message


class PolicyError(ValueError):
    """An option that does not exist or a value that it cannot have; `option` is its path within the policy."""

    def __init__(self, option: str, fault: str) -> None:
        super().__init__(f"{option} {fault}")
        self.option = option
        self.fault = fault


def found(value: object) -> str:
    """A wrong value for a message: short, as it was written."""
    return repr(value)[:SHOWN]
