"""How the report on a class is laid out; the numbers come from `figures`."""

from coursekit.classroom.returning.page_style import page

OWN_STYLE = """
.first { background: var(--card); border-radius: 6px; margin: 1rem 0; padding: .8rem 1.2rem }
.first ol { margin: .4rem 0; padding-left: 1.4rem } .first li { margin: .5rem 0 }
.first .share { font-size: 1.15rem; font-weight: 700 }
.bar { background: var(--bar-none); border-radius: 3px; display: flex; height: 1.1rem;
  min-width: 9rem; overflow: hidden }
.bar i { display: block } .bar .b0 { background: var(--bar-right) }
.bar .b1 { background: var(--bar-part) } .bar .b2 { background: var(--bar-wrong) }
.bar .b3 { background: var(--bar-none) } .bar .b4 { background: var(--text) }
.bar i + i { border-left: 2px solid var(--ground) }
@media (max-width: 44rem) { .wide { font-size: .8rem } .wide .bar { min-width: 2.5rem }
  .wide th, .wide td { overflow-wrap: anywhere; padding-right: .3rem } .wide .number {
  white-space: normal } }
.key i { border-radius: 2px; display: inline-block; height: .8rem; width: .8rem }
.key .b0 { background: var(--bar-right) } .key .b1 { background: var(--bar-part) }
.key .b2 { background: var(--bar-wrong) } .key .b3 { background: var(--bar-none) }
.key .b4 { background: var(--text) }
section { border-top: 1px solid var(--line); margin: 1.4rem 0 0; padding-top: .8rem }
.had { margin: .6rem 0 .9rem; padding-left: .8rem; border-left: 4px solid var(--bar-wrong) }
.had.unnamed { border-color: var(--bar-part) }
.shown th { width: 6.5rem }
svg text { fill: var(--text); font: 12px system-ui, sans-serif }
svg .axis { stroke: var(--line) } svg .dot { fill: var(--ask) } svg .zero { stroke: var(--soft);
  stroke-dasharray: 4 4 }
.plot { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start }
.plot svg { flex: 0 0 26rem; max-width: 100% } .plot div { flex: 1 1 14rem }
"""
PAGE = page(
    "{{ class.title }}: what the class got wrong",
    OWN_STYLE,
    """
{% macro bar(one) -%}
<div class="bar" role="img" aria-label="{% for kind, n in one.counts.items() if n %}{{ n }} {{ kind
}}{{ ", " if not loop.last }}{% endfor %}">{% for kind, n in one.counts.items() if n %}<i
class="b{{ kinds.index(kind) }}" style="width: {{ "%.2f" % (100 * n / one.people) }}%"></i>
{%- endfor %}</div>
{%- endmacro %}
{% macro example(seen) -%}
{% if seen %}<details><summary>An example</summary><table class="shown">
<tr><th scope="row">For</th><td><pre>{{ seen.input }}</pre></td></tr>
<tr><th scope="row">came</th><td>{{ seen.got }}</td></tr>
{% if seen.right %}<tr><th scope="row">right is</th><td>{{ seen.right }}</td></tr>{% endif %}
</table></details>{% endif %}
{%- endmacro %}
{% macro who(ids) -%}
{% if names %}<p class="soft">{{ ids | join(", ") }}</p>{% endif %}
{%- endmacro %}
{% macro mistake(one, had) -%}
<div class="had"><p><b>{{ had.who | length }} of {{ one.people }}</b>
({{ "%.0f" % (100 * (had.who | length) / one.people) }} %): {{ had.name }}</p>
{% if beyond(had) %}<p>{{ beyond(had) | code }}</p>{% endif %}
{{- example(had.example) }}{{ who(had.who) }}</div>
{%- endmacro %}
<h1>{{ class.title }}</h1>
<p class="soft">What the class got wrong. {{ class.handed_in }} of {{ class.students }} handed in
something that was judged{% if class.mean == class.mean %}; mean {{ "%.1f" % class.mean }} of
{{ "%g" % class.max_score }} points{% endif %}. {{ when }}</p>
<div class="first">
<h2 style="margin-top: 0">Talk about this first</h2>
{% if top %}<ol>{% for one, had in top %}<li><span class="share">{{ had.who | length }} of
{{ one.people }}</span>: <b>{{ had.name }}</b>
<span class="soft">({{ one.task.title }})</span>{% if beyond(had) %}<br>
{{ beyond(had) | code }}{% endif %}</li>{% endfor %}</ol>
{% else %}<p>No misconception was shared by two people.</p>{% endif %}
</div>
<h2>Exercises</h2>
<p class="key soft">{% for kind in kinds %}<i class="b{{ loop.index0 }}"></i> {{ kind }}
&nbsp; {% endfor %}</p>
<table class="wide">
<tr><th scope="col">exercise</th><th scope="col">who did what</th><th scope="col" class="number">
right</th><th scope="col" class="number">of the points</th><th scope="col" class="number">
tells apart</th></tr>
{% for one in class.exercises %}<tr><td><a href="#e{{ loop.index }}">{{ one.task.title }}</a></td>
<td>{{ bar(one) }}</td><td class="number">{{ "%.0f" % (100 * one.share_right) }} %</td>
<td class="number">{{ "%.0f" % (100 * one.share_points) }} %</td>
<td class="number">{{ "%.2f" % one.discrimination if one.discrimination == one.discrimination else
"can't tell" }}</td></tr>
{% endfor %}</table>
<h2>Difficulty, and what an exercise tells apart</h2>
<div class="plot">{% if told %}{{ plot }}
<div><p>To the right: more had it right. Up: whoever had it right did well in the rest too
(point-biserial correlation{% if error %}, ± {{ error }} by chance{% endif %}).</p>
{% else %}<div>{% endif %}
{% for line in remarks %}<p>{{ line }}</p>{% endfor %}</div></div>
<h2>Exercise by exercise</h2>
{% for one in class.exercises %}<section id="e{{ loop.index }}">
<h3>{{ one.task.title }}</h3>
{% if one.task.asks %}<p class="soft">Asked: {{ one.task.asks }}{% if one.task.section %}
Explained in {{ one.task.section }}.{% endif %}{% if one.task.minutes %} Planned:
{{ one.task.minutes }} minutes.{% endif %}</p>{% endif %}
<p>{% for kind, n in one.counts.items() if n %}{{ n }} {{ kind }}{{ ", " if not loop.last }}
{%- endfor %}.</p>
{% for had in one.mistakes if had.who | length > 1 %}{{ mistake(one, had) }}{% endfor %}
{% for had in one.nameless %}<div class="had unnamed">
<p><b>{{ had.who | length }} had the same wrong result, and it has no name yet</b>: a candidate for
a hint.</p>{{ example(had.example) }}{{ who(had.who) }}</div>{% endfor %}
{% for had in one.stopped %}<div class="had unnamed"><p><b>{{ had.who | length }}</b> stopped with
{{ had.name }}</p>{{ example(had.example) }}{{ who(had.who) }}</div>{% endfor %}
{% set single = one.mistakes | selectattr("who.1", "undefined") | list %}
{% if single %}<details><summary>{{ single | length }} more misconception{{
"" if single | length == 1 else "s" }}, of one person each</summary>
{% for had in single %}{{ mistake(one, had) }}{% endfor %}
</details>{% endif %}
{% if one.alone %}<p class="soft">{{ one.alone }} more had a wrong result that nobody else had.</p>
{% endif %}</section>
{% endfor %}
<h2>Submissions</h2>
<table><tr><th scope="col">status</th><th scope="col" class="number">how many</th>
{% if names %}<th scope="col">who</th>{% endif %}</tr>
{% for status, ids in class.statuses.items() %}<tr><td>{{ status }}</td>
<td class="number">{{ ids | length }}</td>{% if names %}<td>{{ ids | join(", ") }}</td>
{% endif %}</tr>{% endfor %}</table>
{% if time %}<p>{{ time }}</p>{% endif %}
{% if pairs is not none %}<h2>Answers that are alike</h2>
<p>Equal but for names of variables, comments and formatting; what is published does not count. It
is a reason to look and to ask, and no proof: people learn together, and from the same pages. In a
class whose answers are shuffled, one pair as alike as these comes up in 1 of 100.</p>
{% for pair in pairs %}<p><b>{{ pair.who | join(" and ") if names else "Two people" }}</b>:
{{ pair.equal | length }} equal answer{{ "" if pair.equal | length == 1 else "s" }}
({{ pair.equal | join(", ") }}), {{ pair.nobody_else }} of which nobody else wrote.</p>
{% else %}<p>No pair is more alike than chance makes them.</p>{% endfor %}{% endif %}
""",
)
