"""How channels become rows of codes."""

from enum import IntEnum


class Joint(IntEnum):
    """How channels become rows of codes: one each, or one for two, in which these are first and second."""

    APART = 0
    MID_SIDE = 1
    LEFT_RIGHT = 2
    RIGHT_LEFT = 3
