"""The one exception that leaves this package."""


class ADQLError(Exception):
    """A query that cannot be answered: what is wrong, where, and the remedy.

    line and column count from 1 in the text as sent; length is in characters; suggestion is the
    text to write instead, where one is near.
    """

    def __init__(
        self,
        message: str,
        line: int = 1,
        column: int = 1,
        length: int = 0,
        suggestion: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column
        self.length = length
        self.suggestion = suggestion

    def __str__(self) -> str:
        hint = f"; did you mean {self.suggestion}?" if self.suggestion else ""
        return f"{self.message} at line {self.line}, column {self.column}{hint}"
