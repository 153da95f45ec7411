"""Predict recordings without labels with a trained network: WFDB, EDF or CSV."""

from cardiograft import cli
from cardiograft.use import apply_command

if __name__ == "__main__":
    parser = cli.parser(__doc__)
    apply_command.add_arguments(parser)
    cli.run(apply_command.run, parser)
