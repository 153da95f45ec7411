"""What config may set for the stage `pretrain`: a network trained from random weights."""

from cardiograft.specs.training import Spread


class Pretrain(Spread):
    """Nothing but a training."""
