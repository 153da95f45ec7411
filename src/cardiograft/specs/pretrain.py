"""What config may set for the stage `pretrain`: a network trained from random weights."""

from cardiograft.specs.training import Trained


class Pretrain(Trained):
    """Nothing but a training."""
