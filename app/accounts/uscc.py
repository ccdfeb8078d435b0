"""The unified social credit code (统一社会信用代码) and its check character, GB 32100-2015. Pure."""

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_VALUE = {letter: value for value, letter in enumerate(_ALPHABET)}
_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))


def is_valid(code: str) -> bool:
    """Whether the code has 18 characters of the alphabet and the last one checks the others."""
    if len(code) != 18 or any(letter not in _VALUE for letter in code):
        return False
    total = sum(_VALUE[letter] * weight for letter, weight in zip(code, _WEIGHTS, strict=False))
    return _VALUE[code[17]] == (31 - total % 31) % 31
