"""Constants that are mostly zeros, written without them: the filters of a view are.

Nothing is lost: of each row the numbers between its first and its last that is not zero are
kept, and the file puts them back in their places when it is loaded.
"""

from typing import Any

import numpy as np

LEAST_BYTES = 1 << 14
MOST = 0.6  # of its size, what a packed constant may take


def packed(model: Any) -> Any:
    """Return a graph in which constants that pay are packed."""
    from onnx import numpy_helper

    kept, nodes = [], []
    for constant in model.graph.initializer:
        values = numpy_helper.to_array(constant)
        rows_RM = values.reshape(-1, values.shape[-1]) if values.ndim > 1 else None
        if rows_RM is None or values.dtype != np.float32 or values.nbytes < LEAST_BYTES:
            kept.append(constant)
            continue
        first_R, behind_R = _bands(rows_RM)
        size = 4 * (int((behind_R - first_R).sum()) + 2 * len(first_R))
        if size > MOST * values.nbytes:
            kept.append(constant)
            continue
        nodes += _unpacking(constant.name, values.shape, rows_RM, first_R, behind_R)
    others = list(model.graph.node)
    for field, content in (("initializer", kept), ("node", [*nodes, *others])):
        model.graph.ClearField(field)
        getattr(model.graph, field).extend(content)
    return model


def _bands(rows_RM: Any) -> tuple[Any, Any]:
    """Return the place of each row's first number that is not zero, and the one behind its last."""
    there_RM = rows_RM != 0
    any_R = there_RM.any(1)
    first_R = np.where(any_R, there_RM.argmax(1), 0)
    behind_R = np.where(any_R, rows_RM.shape[1] - there_RM[:, ::-1].argmax(1), 0)
    return first_R.astype(np.int32), behind_R.astype(np.int32)


def _unpacking(name: str, shape: Any, rows_RM: Any, first_R: Any, behind_R: Any) -> list[Any]:
    """Return the operators that put a constant's numbers into their places."""
    from onnx import helper, numpy_helper

    columns_M = np.arange(rows_RM.shape[1], dtype=np.int32)
    inside_RM = (columns_M >= first_R[:, None]) & (columns_M < behind_R[:, None])
    before_R = np.cumsum(behind_R - first_R) - (behind_R - first_R)
    constants = {
        "values": rows_RM[inside_RM],
        "first": first_R[:, None],
        "behind": behind_R[:, None],
        "shift": (before_R - first_R).astype(np.int32)[:, None],
        "columns": columns_M,
        "zero": np.zeros((), dtype=np.int32),
        "nothing": np.zeros((), dtype=np.float32),
        "shape": np.array(shape, dtype=np.int64),
    }
    steps = (
        ("GreaterOrEqual", ["columns", "first"], "from"),
        ("Less", ["columns", "behind"], "to"),
        ("And", ["from", "to"], "inside"),
        ("Add", ["columns", "shift"], "place"),
        ("Where", ["inside", "place", "zero"], "known"),
        ("Gather", ["values", "known"], "spread"),
        ("Where", ["inside", "spread", "nothing"], "full"),
        ("Reshape", ["full", "shape"], ""),
    )
    nodes = [
        helper.make_node("Constant", [], [f"{name}/{part}"], value=numpy_helper.from_array(one))
        for part, one in constants.items()
    ]
    for operator, inputs, output in steps:
        places = [f"{name}/{one}" for one in inputs]
        nodes.append(helper.make_node(operator, places, [f"{name}/{output}" if output else name]))
    return nodes
