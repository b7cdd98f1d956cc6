"""A question for tests, and how to drive its conversation by hand."""

from coursekit.interview.declare import FollowUp, Point, Question, RedFlag

SPOKEN = Question(
    id="steps",
    level="screen",
    units=("00_start",),
    concepts=("number of steps",),
    minutes=3,
    prompt="What broke?",
    tests="whether you count steps",
    headline="A quarter of the steps.",
    beats=("Count the updates.", "Then look at the rate.", "Run it at equal steps."),
    points=(
        Point("fewer steps", 3, ("steps down",)),
        Point("temperature unchanged", 2, ("temperature same",)),
        Point("stability", 2, ("rate unstable", "not rate stable")),
        Point("an experiment", 3, ("equal_steps",)),
    ),
    red_flags=(RedFlag("The noise was killed.", "N4", (("noise",), ("killed", "less"))),),
    follow_ups=(
        FollowUp("good", "And at equal steps?", "Then tune."),
        FollowUp("weak", "How many steps?", "A quarter."),
    ),
    evidence=("P7",),
    folklore="Agree that the noise is less, and count the steps.",
)


def hear(conversation, replies):
    """Send replies to whatever asks; return (events, value)."""
    events, queue, reply = [], list(replies), None
    while True:
        try:
            event = conversation.send(reply)
        except StopIteration as stop:
            assert not queue, f"nobody asked for {queue}"
            return events, stop.value
        events.append(event)
        asks = type(event).__name__.startswith("Ask")
        reply = queue.pop(0) if asks else None
