"""How a page of feedback is laid out; the words come from `feedback` and `words`."""

from coursekit.classroom.returning.page_style import page

OWN_STYLE = """
.points { font-size: 1.5rem; font-weight: 700; margin: 1rem 0 0 }
section { background: var(--card); border-left: 5px solid var(--line); border-radius: 4px;
  margin: .8rem 0; padding: .7rem 1rem }
section.right { border-color: var(--bar-right) } section.part { border-color: var(--bar-part) }
section.wrong { border-color: var(--bar-wrong) } section > * { color: var(--text) }
.head { align-items: baseline; display: flex; flex-wrap: wrap; gap: .2rem .8rem }
.head h3 { flex: 1 1 20rem } .head .right { color: var(--right) } .head .part { color: var(--part) }
.head .wrong { color: var(--wrong) } .head .none { color: var(--none) }
.shown th { width: 8.5rem } .shown td { padding-right: 0 }
.shown { margin: .4rem 0; table-layout: fixed }
.shown pre { max-height: 20rem; overflow: auto; white-space: pre }
.think { font-size: 1.05rem } .think b { color: var(--ask) }
blockquote { border-left: 3px solid var(--ask); margin: .5rem 0; padding-left: .8rem }
pre.code { counter-reset: line; padding-left: 3.2rem; position: relative }
pre.code span { counter-increment: line; display: block; min-height: 1.45em }
pre.code span::before { color: var(--soft); content: counter(line); left: 0; position: absolute;
  text-align: right; width: 2.4rem }
"""
PAGE = page(
    "{{ text.title }}: {{ name }}",
    OWN_STYLE,
    """
<h1>{{ text.title }}</h1>
<p class="soft">{{ name }} ({{ result.student.id }}){% if when %} · {{ when }}{% endif %}</p>
<p class="points">{{ "%g" % result.score }} of {{ "%g" % result.max_score }} points</p>
<p>{{ summary }}</p>
{% if mean is not none %}<p class="soft">The mean of the class is {{ "%.1f" % mean }}.</p>
{% endif -%}
{% if result.penalty %}
<p>Handed in late: {{ "%g" % result.penalty }} points less, already taken off.</p>
{% endif -%}
{% if waits %}<p><b>Not final:</b> {{ waits }}.</p>{% endif %}
{% if nothing %}<p>{{ nothing }}</p>{% endif %}
{% if rows %}<h2>Exercise by exercise</h2>{% endif %}
{% for row in rows %}<section class="{{ row.kind }}">
<div class="head"><h3>{{ row.task.title }}</h3>
<span class="word {{ row.kind }}">{{ row.status }}</span>
<span class="number">{{ row.points }}</span></div>
{% if row.task.asks %}<p class="soft">Asked: {{ row.task.asks | code }}</p>{% endif %}
{% if row.adapted %}<p>{{ row.adapted }}</p>{% endif %}
{% if row.reason %}<p>{{ row.reason | code }}</p>{% endif %}
{% if row.seen %}<table class="shown">
<tr><th scope="row">For this input</th><td><pre>{{ row.seen.input }}</pre></td></tr>
<tr><th scope="row">what came</th><td>{{ row.seen.got }}</td></tr>
<tr><th scope="row">right is</th><td>{% if row.seen.right %}<b>{{ row.seen.right }}</b>{% else %}
not told here: the input was drawn for your class. The small inputs in the notebook's own check come
out right.{% endif %}</td></tr>
</table>{% endif %}
{% if row.hint %}<p class="think"><b>Think:</b> {{ row.hint | code }}</p>{% endif %}
{% if row.reread %}<p>Read again: <b>{{ row.reread }}</b></p>{% endif %}
{% if row.comment %}<blockquote>{{ row.comment }}</blockquote>{% endif %}
{% if row.code %}<details><summary>What you wrote ({{ row.code | length }}
line{{ "" if row.code | length == 1 else "s" }})</summary>
<pre class="code">{% for line in row.code %}<span>{{ line }}</span>{% endfor %}</pre></details>
{% endif %}</section>
{% endfor %}
{% if notes %}<h2>About the file</h2>
{% for note in notes %}<p class="soft">{{ note }}</p>{% endfor %}{% endif %}
""",
)
