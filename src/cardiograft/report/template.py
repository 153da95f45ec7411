"""The page's skeleton. It is a module and not a data file, so that its fingerprint counts.

Everything is escaped on its way in: names of records come from mirrors, which nobody vouches
for. Only charts (`markupsafe.Markup`) and the style pass as they are.
"""

from cardiograft.report.macros import MACROS

STUDY = """
<section aria-labelledby="{{ s.name }}">
<h2 id="{{ s.name }}">{{ s.about.title }}{{ chip("simulated" if s.simulated else "") }}</h2>
<p>{{ s.about.summary }}</p>
<p class="cite">{{ s.about.citation }}</p>
{%- if s.key %}
<details class="key-points"><summary>Its numbers in sentences</summary>
<ul>{% for line in s.key %}<li>{{ line }}</li>{% endfor %}</ul></details>
{%- endif %}

<h3 id="{{ s.name }}-gap">{{ s.heading }}</h3>
{%- if s.gap %}
<p>{{ s.gap }}</p>
{%- endif %}
<details><summary>What each protocol is</summary>
<div class="sides">
{%- for protocol in s.protocols %}
<div class="{{ protocol.kind }}"><h4>{{ protocol.title }}</h4>
<p>{{ protocol.text }}</p>
<ul>{% for line in protocol.lines %}<li>{{ line }}</li>{% endfor %}</ul></div>
{%- endfor %}
</div></details>
{%- if s.looks.table %}
<p>{{ s.looks.lines|join(" ") }}</p>
{{ folded(s.looks.table.caption, [s.looks.table]) }}
{%- endif %}
<details><summary>Settled here, because the paper leaves it open</summary>
<ul class="open">{% for line in s.about.assumed %}<li>{{ line }}</li>{% endfor %}</ul>
</details>
{%- if s.gap_figures %}
{{ legend }}
<div class="pairs">
{%- for f in s.gap_figures %}
{%- call figure(f.title, s.simulated) %}{{ f.figure }}{% endcall %}
{%- endfor %}
</div>
{%- endif %}
{%- if s.gap_table %}
{{ shown(s.gap_table) }}
{%- endif %}
{%- if s.gap_rest %}
{{ folded(s.gap_rest.caption, [s.gap_rest]) }}
{%- endif %}
<p class="note">{{ s.intervals }}</p>

{%- if s.doses %}
<h3 id="{{ s.name }}-doses">{{ s.doses.title }}</h3>
<p>{{ s.doses.text }}</p>
{{ lines(s.doses.sentences) }}
<div class="pairs">
{%- for f in s.doses.figures %}
{%- if f.figure %}
{%- call figure(f.title, s.simulated) %}{{ f.figure }}{% endcall %}
{%- endif %}
{%- endfor %}
</div>
{{ shown(s.doses.effects) }}
{{ folded(s.doses.table.caption, [s.doses.table]) }}
{%- if s.doses.rest %}
{{ folded("Dose curves of each class", s.doses.rest) }}
{%- endif %}
{%- endif %}

{%- if s.compared %}
<h3 id="{{ s.name }}-comparisons">Comparisons</h3>
{%- if s.compared|length > 6 %}
<details><summary>Sentence by sentence</summary>
{{ lines(s.compared) }}</details>
{%- else %}
{{ lines(s.compared) }}
{%- endif %}
{{ shown(s.comparison_table) }}
<p class="note">{{ words.COMPARISONS }}
{%- if s.questions %} Questions: {{ s.questions|join(" ") }}{% endif %}</p>
{%- endif %}

{%- for part in s.sections %}
<h3 id="{{ part.id }}">{{ part.title }}</h3>
{%- for t in part.tables %}
{{ shown(t) }}
{%- endfor %}
{%- endfor %}

{%- if s.curves %}
<h3 id="{{ s.name }}-curves">Curves</h3>
<p>{{ words.CURVES }}</p>
<div class="pairs">
{%- for f in s.curves %}
{%- call figure(f.title, s.simulated) %}
{% if f.figure %}{{ f.figure }}{% else %}<p class="note">{{ f.note }}</p>{% endif %}{%- endcall %}
{%- endfor %}
</div>
{%- endif %}

{%- if s.learning %}
<h3 id="{{ s.name }}-learning">{{ s.learning.title }}</h3>
<p>{{ s.learning.text }}</p>
<div class="pairs">
{%- for f in s.learning.figures %}
{%- call figure(f.title, s.simulated) %}{{ f.figure }}{% endcall %}
{%- endfor %}
</div>
{{ shown(s.learning.table) }}
{%- endif %}

{%- if s.reliability %}
<h3 id="{{ s.name }}-reliability">{{ s.reliability.title }}</h3>
<p>{{ s.reliability.text }}</p>
<div class="small-multiples">
{%- for f in s.reliability.figures %}
{%- call figure(f.run, s.simulated) %}
{{ f.figure }}<p>{{ f.caption }}<br>{{ f.small }}</p>{%- endcall %}
{%- endfor %}
</div>
{%- endif %}

{%- if s.overlays %}
<h3 id="{{ s.name }}-windows">Single windows</h3>
<p>{{ words.OVERLAYS }}</p>
<p class="legend"><span class="line input"></span> input
<span class="line true"></span> true <span class="line predicted"></span> predicted</p>
{%- for o in s.overlays %}
<h4>{{ o.run }}{{ chip("simulated" if s.simulated else "") }}</h4>
{%- for f in o.panels %}
{%- call figure(f.who, small=f.caption ~ "; " ~ f.segment, kind="window") %}
{{ f.figure }}{%- endcall %}
{%- endfor %}
{%- endfor %}
{%- endif %}

{%- if s.agreement %}
<h3 id="{{ s.name }}-heart-rates">Heart rates</h3>
<p>{{ words.HEART_RATES }}</p>
<div class="pairs">
{%- for f in s.agreement %}
{%- call figure(f.run, s.simulated) %}
{{ f.figure }}
<p class="note">{{ f.note }}</p>{%- endcall %}
{%- endfor %}
</div>
{%- endif %}

{%- if s.published %}
<h3 id="{{ s.name }}-published">Beside the published values</h3>
{%- if s.gains %}
<p>{{ words.GAINS }}</p>
{%- if s.gains.figure %}
{{ gain_legend }}
{%- call figure(s.gains.title, s.simulated) %}{{ s.gains.figure }}{% endcall %}
{%- endif %}
{%- for line in s.gains.orders %}
<p>{{ line }}</p>
{%- endfor %}
{{ shown(s.gains.table) }}
{%- if s.gains.rest %}
{{ folded("Gains in other metrics", [s.gains.rest]) }}
{%- endif %}
{%- endif %}
{%- for t in s.own %}
{{ shown(t) }}
{%- endfor %}
{{ folded(s.published.caption ~ ", one by one", [s.published]) }}
{%- if s.differences %}
{{ folded(s.differences.caption, [s.differences]) }}
{%- endif %}
{%- endif %}

<h3 id="{{ s.name }}-runs">Every run</h3>
{%- for t in s.overall %}
{{ shown(t) }}
{%- endfor %}
{{- folded("Every run: other metrics", s.overall_rest) }}
{%- for t in s.classes %}
{{ folded(t.caption, [t]) }}
{%- endfor %}
{%- if s.confusions %}
<details><summary>Confusion matrices</summary>
<p class="note">Means over repeats; shaded by share of the true class.</p>
<div class="matrices">
{%- for t in s.confusions %}
<div>{{ table(t) }}</div>
{%- endfor %}
</div></details>
{%- endif %}
{%- for t in s.singled_out %}
{{ folded(t.caption, [t]) }}
{%- endfor %}
{%- if s.records %}
<details class="aside"><summary>Errors by recording</summary>
{%- for t in s.records %}
{{ folded(t.caption, [t]) }}
{%- endfor %}
</details>
{%- endif %}
{%- if s.cards %}
<details class="aside"><summary>Cards: what each run’s values rest on</summary>
{%- for card in s.cards %}
<details class="card"><summary>{{ card.title }} <small>{{ card.run }}</small></summary>
<div id="{{ card.run|card_id }}" tabindex="-1">
{%- for line in card.lines %}
<p>{{ line }}</p>
{%- endfor %}
{%- if card.table %}
{{ table(card.table) }}
{%- else %}
<p>No trained network is behind it.</p>
{%- endif %}
</div></details>
{%- endfor %}
</details>
{%- endif %}
</section>
"""

HEADER = (
    MACROS
    + """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="cardiograft">
<title>{{ title }}</title>
<link rel="icon" href="data:,">
{%- if policy %}
<meta http-equiv="Content-Security-Policy" content="{{ policy }}">
<script>{{ script }}</script>
{%- endif %}
<style>{{ style }}</style>
</head>
<body>
{%- if policy %}
<a class="skip" href="#results">Skip to the results</a>
{%- endif %}
<div class="page">
<header>
{%- if banner %}
<div class="banner" role="note"><strong>{{ words.SIMULATED }}</strong><p>{{ banner }}</p></div>
{%- endif %}
<h1>{{ title }}</h1>
<p class="lead">{{ lead }}</p>
{% if first_rows %}{{ headlines(first_head, first_rows) }}{% endif %}
</header>
"""
)

# The first screen alone, for a picture of it.
FIRST_SCREEN = (
    HEADER
    + """</div>
<style>.page { display: block; max-width: 62rem; }</style>
</body>
</html>
"""
)

PAGE = (
    HEADER
    + """<nav aria-label="Contents"><ol>
{%- for s in studies %}
<li><a href="#{{ s.name }}">{{ s.about.title }}</a></li>
<li class="sub"><a href="#{{ s.name }}-gap">Protocols and gap</a></li>
{%- if s.doses %}
<li class="sub"><a href="#{{ s.name }}-doses">{{ s.doses.title }}</a></li>{% endif %}
{%- if s.compared %}
<li class="sub"><a href="#{{ s.name }}-comparisons">Comparisons</a></li>{% endif %}
{%- for part in s.sections %}
<li class="sub"><a href="#{{ part.id }}">{{ part.title }}</a></li>{% endfor %}
{%- if s.curves %}
<li class="sub"><a href="#{{ s.name }}-curves">Curves</a></li>{% endif %}
{%- if s.learning %}
<li class="sub"><a href="#{{ s.name }}-learning">{{ s.learning.title }}</a></li>{% endif %}
{%- if s.reliability %}
<li class="sub"><a href="#{{ s.name }}-reliability">{{ s.reliability.title }}</a></li>{% endif %}
{%- if s.overlays %}
<li class="sub"><a href="#{{ s.name }}-windows">Single windows</a></li>{% endif %}
{%- if s.agreement %}
<li class="sub"><a href="#{{ s.name }}-heart-rates">Heart rates</a></li>{% endif %}
{%- if s.published %}
<li class="sub"><a href="#{{ s.name }}-published">Published values</a></li>{% endif %}
<li class="sub"><a href="#{{ s.name }}-runs">Every run</a></li>
{%- endfor %}
<li><a href="#data">Recordings and segments</a></li>
<li><a href="#splits">Splits and audits</a></li>
<li><a href="#training">Training</a></li>
{%- if stages %}
<li><a href="#stages">{{ stages.title }}</a></li>{% endif %}
<li><a href="#sources">Licences and sources</a></li>
<li><a href="#reproduce">How to reproduce</a></li>
</ol></nav>
<main id="results" tabindex="-1">
{%- for s in studies %}"""
    + STUDY
    + """{%- endfor %}

<section aria-labelledby="data">
<h2 id="data">Recordings and segments</h2>
{{ table(p.databases) }}
{%- if p.quarantined %}
{{ folded(p.quarantined.caption, [p.quarantined]) }}
{%- endif %}
{{ shown(p.segments) }}
{%- if p.gates %}
{{ shown(p.gates) }}
{%- endif %}
{%- if p.left_out %}
{{ folded(p.left_out.caption, [p.left_out]) }}
{%- endif %}
{%- if p.noted %}
{{ folded(p.noted.caption, [p.noted]) }}
{%- endif %}
</section>

<section aria-labelledby="splits">
<h2 id="splits">Splits and audits</h2>
{{ shown(p.splits) }}
{%- if p.examples %}
<details><summary>Examples of leaks</summary>
<ul>{% for line in p.examples %}<li>{{ line }}</li>{% endfor %}</ul></details>
{%- endif %}
{%- if p.audits %}
{{ shown(p.audits) }}
{%- endif %}
</section>

<section aria-labelledby="training">
<h2 id="training">Training</h2>
{%- for line in p.warnings %}
<div class="banner" role="note"><strong>Mixed versions</strong><p>{{ line }}</p></div>
{%- endfor %}
{%- if p.curves %}
<h3>Learning curves</h3>
<p class="legend"><span class="line train"></span> training loss
<span class="line validation"></span> validation
<span class="line test"></span> test; repeats overlaid, from zero up</p>
<div class="small-multiples">
{%- for c in p.curves %}
{%- call figure(c.entry) %}{{ c.figure }}<p>{{ c.stage }}, {{ c.caption }}</p>{% endcall %}
{%- endfor %}
</div>
{%- endif %}
{%- if p.ledgers %}
<h3>What each transfer loaded</h3>
{%- for l in p.ledgers %}
{{ folded(l.caption, [l.table]) }}
{%- if l.differences %}
<ul>
{%- for line in l.differences %}
<li>{{ line }}</li>
{%- endfor %}
</ul>
{%- endif %}
{%- endfor %}
{%- endif %}
<h3>Costs and versions</h3>
{%- for t in [p.costs, p.exports, p.versions] if t %}
{{ shown(t) }}
{%- endfor %}
{%- if p.weights %}
{{ folded(p.weights.caption, [p.weights], kind="aside") }}
{%- endif %}
</section>

{%- if stages %}
<section aria-labelledby="stages">
<h2 id="stages">{{ stages.title }}</h2>
<p>{{ words.STAGES_OF }}</p>
{%- call figure("Stages, and whose results go to which") %}{{ stages.figure }}{% endcall %}
{{ shown(stages.table) }}
</section>
{%- endif %}

<section aria-labelledby="sources">
<h2 id="sources">Licences and sources</h2>
{%- for t in sources %}
{{ table(t) }}
{%- endfor %}
</section>

<section aria-labelledby="reproduce">
<h2 id="reproduce">How to reproduce</h2>
<p>{{ words.REPRODUCE }}</p>
<pre><code>{{ command }}</code></pre>
<p>{{ words.REPRODUCE_MORE }}</p>
</section>
</main>
</div>
</body>
</html>
"""
)
