"""The first screen's sentences of a study: each is there only where its numbers are."""

from cardiograft.report import sentences, wording
from cardiograft.report.headline_values import ENDS, Compared, Values, metric_facts, within
from cardiograft.report.measured_names import GAIN, GAP, MeasuredRow
from cardiograft.tables.headline import Contrast, GainsAgainst, Headline, HeadlineRun

SHOWN_BELOW = 0.05  # a corrected p


def claims(run: HeadlineRun, facts: Headline, values: Values) -> tuple[str, ...]:
    """Return the sentences of a study whose numbers are there, in their order: three at most."""
    hidden = _hidden(facts, values)
    value = _joined(_value(run, facts, values), _chosen_on(run, values))
    above, effect = _above(run, facts, values), _effect(facts, values)
    if hidden and effect:  # a fourth sentence would be one too many to be read
        value, above = (_joined(value, above), "") if value else (value, above)
    return tuple(claim for claim in (hidden, value, above, effect) if claim)


def _value(run: HeadlineRun, facts: Headline, values: Values) -> str:
    """Return what the headline run has, beside the paper's: under both protocols, or its one."""
    if run.paper != run.honest:
        return _gap(run, facts, values)
    row = values.of(run.honest, facts.metric)
    if row is None:
        return ""
    metric = metric_facts(facts.metric)
    percent = bool(metric["percent"])
    estimate = wording.estimate(row, percent=percent)
    claim = f"{run.name}: {within(metric['title'])} {estimate} on unseen subjects"
    printed = wording.number(facts.published, percent=percent)
    return values.noted(f"{claim} ({_whose(run, values)}: {printed}).", run.honest)


def _whose(run: HeadlineRun, values: Values) -> str:
    """Return whose the published value is, and whether by another recipe than ours."""
    whose = f"the paper’s {run.published_of}" if run.published_of else "the paper"
    return ", ".join(filter(None, (whose, values.recipe(run.paper))))


def _gap(run: HeadlineRun, facts: Headline, values: Values) -> str:
    """Return what the paper's protocol adds to the headline run."""
    row = values.of(f"{run.paper} - {run.honest}", facts.metric)
    paper, honest = (values.of(name, facts.metric) for name in (run.paper, run.honest))
    if row is None or row["protocol"] != GAP or paper is None or honest is None:
        return ""
    metric = metric_facts(facts.metric)
    percent = bool(metric["percent"])
    ours, unseen, theirs = (
        wording.number(value, percent=percent)
        for value in (paper["value"], honest["value"], facts.published)
    )
    start = f"{run.name}: {within(metric['title'])} {ours} under the paper’s protocol"
    shown = sentences.inflation({**row, "gap": row["value"]}, metric)
    claim = f"{start} ({_whose(run, values)}: {theirs}) and {unseen} on unseen subjects, {shown}."
    return values.noted(claim, run.paper, run.honest)


def _hidden(facts: Headline, values: Values) -> str:
    """Return what a run does with the class that its value over all classes hides."""
    hidden = facts.hidden
    whole = values.of(hidden.run, hidden.metric) if hidden else None
    if hidden is None or whole is None:
        return ""
    parts = []
    for name, words in hidden.metrics.items():
        row = values.by_class.get((hidden.run, name, hidden.name))
        if row is None or wording.absent(row["value"]):
            return ""
        parts.append(
            f"{words} of {wording.estimate(row, percent=bool(metric_facts(name)['percent']))}"
        )
    about = metric_facts(hidden.metric)
    overall = wording.estimate(whole, percent=bool(about["percent"]))
    start = f"On {hidden.of}, {hidden.words} has {wording.listed(parts)}"
    claim = f"{start}; its {within(about['title'])} over all classes is {overall}."
    return values.noted(claim, hidden.run)


def _joined(claim: str, more: str) -> str:
    """Return one sentence of two: how a run was chosen belongs to its value."""
    if not claim or not more:
        return claim or more
    return f"{claim.removesuffix('.')}; {more[0].lower()}{more[1:]}"


def _chosen_on(run: HeadlineRun, values: Values) -> str:
    """Return how the headline runs were chosen; nothing where the results do not say it."""
    chosen = {
        wording.UNDER[protocol]: values.chosen_on(name)
        for protocol, name in (("paper", run.paper), ("honest", run.honest))
    }
    by_protocol = {where: how for where, how in chosen.items() if how}
    if not by_protocol:
        return ""
    if len(set(by_protocol.values())) == 1:
        return f"It was chosen {wording.CHOSEN_ON[next(iter(by_protocol.values()))]}."
    ways = [f"{wording.CHOSEN_ON[how]} {where}" for where, how in by_protocol.items()]
    return f"It was chosen {wording.listed(ways)}."


def _above(run: HeadlineRun, facts: Headline, values: Values) -> str:
    """Return how the headline run stands to the baseline on unseen subjects, and further runs."""
    ours, baseline = values.of(run.honest, facts.metric), run.baseline or facts.baseline
    base = values.of(baseline.run, facts.metric)
    compared = values.compared(run.honest, baseline.run, facts.metric)
    side = _side(ours, base, facts.metric, compared)
    if ours is None or base is None or side is None:
        return ""
    metric = metric_facts(facts.metric)
    estimate = wording.estimate(base, percent=bool(metric["percent"]))
    shown = f"{baseline.name} ({estimate})"
    ahead = (float(ours["value"]) > float(base["value"])) != metric["lower_is_better"]
    word = "ahead of" if ahead else "not ahead of"
    how = _how(side, facts.metric, compared)
    claim = {
        1: f"There it is better than its baseline, {shown}{how}.",
        -1: f"There it is worse than its baseline, {shown}{how}.",
        0: f"There its estimate is {word} its baseline’s, {shown}{how}.",
    }[side]
    further, names = _further(run, facts, values, percent=bool(metric["percent"]))
    claim = f"{claim.removesuffix('.')}; {further}." if further else claim
    return values.noted(claim, run.honest, baseline.run, *names)


def _further(
    run: HeadlineRun, facts: Headline, values: Values, *, percent: bool
) -> tuple[str, list[str]]:
    """Return what runs besides the headline's have, and which of them there are."""
    others = [one for one in facts.further if one.run != run.honest]
    pairs = [(one, values.of(one.run, facts.metric)) for one in others]
    parts = [
        f"{one.name} has {wording.estimate(row, percent=percent)}" for one, row in pairs if row
    ]
    return wording.listed(parts) if parts else "", [one.run for one, row in pairs if row]


def _side(
    ours: MeasuredRow | None, base: MeasuredRow | None, metric: str, compared: Compared | None
) -> int | None:
    """Return 1 where ours is shown to be better than the base, -1 where it is shown to be worse.

    By the interval of their difference, people paired, where the two were compared by this metric,
    and by the p that is corrected for its question where there is one; else beyond both intervals.
    0 where neither is shown; nothing where an interval is missing.
    """
    paired = compared if compared and compared.metric == metric else None
    rows = (paired.row,) if paired else (ours, base)
    ends = [row[end] if row else "" for row in rows for end in ENDS]
    if any(wording.absent(end) for end in ends):
        return None
    if paired:
        low, high = map(float, ends)
        apart = 1 if low > 0 else -1 if high < 0 else 0
        p = paired.corrected_p
        if not wording.absent(p) and float(p) >= SHOWN_BELOW:
            apart = 0
    else:
        low, high, base_low, base_high = map(float, ends)
        apart = 1 if low > base_high else -1 if high < base_low else 0
    return -apart if metric_facts(metric)["lower_is_better"] else apart


def _how(side: int, metric: str, compared: Compared | None) -> str:
    """Return what a claim of two runs rests on: people paired, or two intervals.

    Where the two were compared by another metric than the claim's, what that showed stands beside.
    """
    if compared is None:
        unpaired = "the two were not compared in pairs by this measure"
        return "" if side else f"; the intervals overlap, and {unpaired}"
    row, about = compared.row, metric_facts(compared.metric)
    percent = bool(about["percent"])
    value = wording.number(row["value"], percent=percent, signed=True).removesuffix(" %")
    ends = wording.interval(row["low"], row["high"], percent=percent, signed=True)
    difference = f"{value}{' points' if percent else ''} {ends}"
    p = compared.corrected_p
    corrected = "" if wording.absent(p) else f" (corrected p {wording.p_value(p)})"
    if compared.metric == metric:
        return f"; people paired, the difference is {difference}{corrected}"
    overlap = "" if side else "; the intervals overlap"
    of = f"difference in {within(about['title'])}"
    return f"{overlap}; people paired, the {of} is {difference}{corrected}"


def _effect(facts: Headline, values: Values) -> str:
    if isinstance(facts.effect, GainsAgainst):
        return _gains(facts.effect, values)
    claims = (_contrast(one, values) for one in facts.effect or ())
    return next((claim for claim in claims if claim), "")


def _contrast(effect: Contrast, values: Values) -> str:
    """Return what the paper's idea brings, from two runs' intervals."""
    ours, base = (values.of(run, effect.metric) for run in (effect.run, effect.without))
    compared = values.compared(effect.run, effect.without, effect.metric)
    side = _side(ours, base, effect.metric, compared)
    if ours is None or base is None or side is None:
        return ""
    metric = metric_facts(effect.metric)
    with_, without = (wording.estimate(r, percent=bool(metric["percent"])) for r in (ours, base))
    words = {1: "better with them", -1: "worse with them", 0: "neither is shown to be better"}
    shown = f"{words[side]}{_how(side, effect.metric, compared)}"
    if {str(row["repeats"]) for row in (ours, base)} == {"1"}:
        shown = f"{shown}; one training stands for each"
    title = within(metric["title"])
    network = f"of {effect.network}" if effect.network else ""
    trained = f"trained on {effect.of}" if effect.of else ""
    whose = " ".join(filter(None, (network, trained)))
    where = f"on unseen subjects{f', {whose},' if whose else ''}"
    start = f"With {effect.idea} {title} {where} is {with_}, without them {without}"
    return values.noted(f"{start}: {shown}.", effect.run, effect.without)


def _gains(effect: GainsAgainst, values: Values) -> str:
    """Return the range of the gains beside the paper's, and what their intervals show."""
    honest = [r for r in values.rows if r["protocol"] == "honest"]
    gains = {base: _gains_over(base, effect.metric, honest) for base in effect.bases}
    papers = {k: r["paper"] for rows in gains.values() for k, r in rows.items() if r["paper"]}
    for base, words in effect.bases.items():
        own = [row for run, row in gains[base].items() if run in papers]
        shown = [wording.verdict(row["low"], row["high"]) for row in own]
        if own and None not in shown:
            counts = _counted(shown)
            paper = _range([papers[run] for run in gains[base] if run in papers])
            ours = _range([row["value"] for row in own])
            title = within(metric_facts(effect.metric)["title"])
            return (
                f"Gains in {title} by {effect.idea}, on unseen subjects, over {words}: {ours}"
                f" (the paper: {paper}); {counts}."
            )
    return ""


def _gains_over(base: str, metric: str, rows: list[MeasuredRow]) -> dict[str, MeasuredRow]:
    name = f"{GAIN}{metric} at {base}"
    own = [r for r in rows if r["metric"] == name and not wording.absent(r["value"])]
    return {str(r["run"]).partition(" - ")[0]: r for r in own}


def _range(values: list[str]) -> str:
    numbers = sorted(float(value) for value in values)
    ends = [wording.number(n, percent=True, signed=True) for n in dict.fromkeys(numbers)]
    return f"{' to '.join(dict.fromkeys((ends[0], ends[-1])))} %"


def _counted(shown: list[int | None]) -> str:
    words = {1: ("gain", "gains"), -1: ("loss", "losses")}
    some = [
        wording.plural(shown.count(sign), *names) for sign, names in words.items() if sign in shown
    ]
    if 0 in shown:
        some.append(f"{wording.count(shown.count(0))} not distinguishable from zero")
    return f"of {wording.plural(len(shown), 'source')}, {wording.listed(some)}"
