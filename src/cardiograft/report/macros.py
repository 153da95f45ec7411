"""Macros of the page’s skeleton: cell, table, fold, figure, and the table of the first screen.

A module and not a data file, so that its fingerprint counts.
"""

MACROS = """
{%- macro chip(mark) -%}
{% if "simulated" in mark %}<span class="chip">simulated</span>{% endif %}
{%- if "generated" in mark %}<span class="chip">generated</span>{% endif %}
{%- endmacro -%}

{%- macro inner(cell) -%}
{% if cell is string %}{{ cell }}
{%- else %}{{ cell.text }}{{ chip(cell.mark) }}
{%- if cell.small %}<small>{{ cell.small|linked }}</small>{% endif %}
{%- if cell.warning %}<small class="warning">{{ cell.warning }}</small>{% endif %}{% endif %}
{%- endmacro -%}

{%- macro exact(cell) -%}
{%- set text = cell if cell is string else cell.text -%}
{%- if text.exact is defined and text.exact[0] != text %} data-value="{{ text.exact[0] }}"
{%- endif %}
{%- if cell is not string and cell.small.exact is defined %} data-low="{{ cell.small.exact[0] }}"
{%- if cell.small.exact[1] is defined %} data-high="{{ cell.small.exact[1] }}"{% endif %}{% endif %}
{%- endmacro -%}

{%- macro rows(t, lines, id="") -%}
<div class="wide" role="group" tabindex="0" aria-label="{{ t.caption }}"
{%- if id %} id="{{ id }}"{% endif %}>
<table{% if t.kind %} class="{{ t.kind }}"{% endif %}>
<caption>{{ t.caption }}</caption>
<thead><tr>
{%- for text in t.head %}
<th scope="col"{% if loop.index0 in t.words %} class="words"{% endif %}>
{{- text or "true \\\\ predicted" }}</th>
{%- endfor %}</tr></thead>
<tbody>
{%- for row in lines %}
{%- set again = t.kind == "grouped" and not loop.first and row[0] == lines[loop.index0 - 1][0] %}
<tr{% if again %} class="again"{% endif %}>
{%- for cell in row %}
{%- set mark = "" if cell is string else cell.mark %}
{%- set shown = (("words " if loop.index0 in t.words else "") ~ mark)|trim %}
{%- if loop.first %}
<th scope="row"{% if mark %} class="{{ mark }}"{% endif %}{{ exact(cell) }}>{{ inner(cell) }}</th>
{%- else %}
<td{{ exact(cell) }}{% if shown %} class="{{ shown }}"{% endif %}
{%- if cell is not string and cell.share is not none %} style="--share: {{ cell.share }}"
{%- endif %}>{{ inner(cell) }}</td>
{%- endif %}
{%- endfor %}</tr>
{%- endfor %}
</tbody>
</table>
</div>
{%- endmacro -%}

{%- macro note(t) -%}
{%- if t.note %}
<p class="note">{{ t.note }}</p>
{%- endif %}
{%- endmacro -%}

{%- macro table(t) -%}
{{ rows(t, t.rows) }}
{{- note(t) }}
{%- endmacro -%}

{%- macro headlines(head, rows) -%}
<table class="first-screen" role="table">
<caption>One run of each study: what the paper gives, and what was measured here</caption>
<thead role="rowgroup"><tr role="row">
{%- for text in head %}
<th scope="col" role="columnheader"{% if loop.index0 < 2 %} class="words"{% endif %}>
{{- text }}</th>
{%- endfor %}</tr></thead>
<tbody role="rowgroup">
{%- for row in rows %}
<tr role="row">
{%- for cell in row.cells %}
{%- if loop.first %}
<th scope="row" role="rowheader"><a href="#{{ row.study }}">{{ cell.text }}</a>
{{- chip(cell.mark) }}<small>{{ cell.small|linked }}</small></th>
{%- else %}
<td role="cell" data-head="{{ head[loop.index0] }}" class="
{{- (("words " if loop.index0 == 1 else "") ~ cell.mark)|trim }}">{{ inner(cell) }}</td>
{%- endif %}
{%- endfor %}</tr>
{%- endfor %}
</tbody>
</table>
{%- for row in rows if row.sentences %}
<p class="claims">
{%- for sentence in row.sentences %}{{ " " if not loop.first }}{{ sentence }}{% endfor %}</p>
{%- endfor %}
{%- endmacro -%}

{%- macro shown(t) -%}
{%- set id = t.rest and "table-%d"|format(number()) -%}
{{ rows(t, t.lead, id) }}
{{- note(t) }}
{%- if t.rest %}
<details data-rest="{{ id }}"><summary>{{ t.rest|length }} more: {{ t.caption }}</summary>
{{ rows(t, t.rest) }}
</details>
{%- endif %}
{%- endmacro -%}

{%- macro lines(sentences, most=6) -%}
<ul>{% for line in sentences[:most] %}<li>{{ line }}</li>{% endfor %}</ul>
{%- if sentences|length > most %}
<details><summary>{{ sentences|length - most }} more</summary>
<ul>{% for line in sentences[most:] %}<li>{{ line }}</li>{% endfor %}</ul></details>
{%- endif %}
{%- endmacro -%}

{%- macro figure(title, simulated=false, small="", kind="") -%}
{%- set id = "figure-%d"|format(number_figure()) %}
<figure aria-labelledby="{{ id }}"{% if kind %} class="{{ kind }}"{% endif %}>
<figcaption id="{{ id }}">{{ title }}{{ chip("simulated" if simulated else "") }}
{%- if small %}
<small>{{ small }}</small>{% endif %}</figcaption>
{{ caller() }}</figure>
{%- endmacro -%}

{%- macro folded(caption, tables, kind="") -%}
{%- if tables %}
<details{% if kind %} class="{{ kind }}"{% endif %}><summary>{{ caption }}</summary>
{%- for t in tables %}
{{ table(t) }}
{%- endfor %}
</details>
{%- endif %}
{%- endmacro -%}
"""
