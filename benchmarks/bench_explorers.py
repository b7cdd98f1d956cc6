"""How long a step of a slider takes in Chromium: python benchmarks/bench_explorers.py [NAME ...].

A step is what a key press causes: the explorer computes, draws, and the page is laid out. Every
slider is moved over all its values, up to 40 of them. Columns, in milliseconds: the step on the
clock (median, 95th percentile, longest), until the next frame is on its way (median); and the
step's time on the processor, which neighbours on the machine do not lengthen: the mean over all
steps, and over those of the slowest control, which the budget is for. Last the HTML's size.
"""

import statistics
import sys
from typing import Any

from playwright.sync_api import sync_playwright

from coursekit.commands.doctor import find_chromium
from coursekit.explorers.live import explorer_names, live_html
from coursekit.explorers.stills import page_of

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
HEAVY = {
    "basins",
    "edge",
    "two_wells",
}  # they run a simulation at each step: budget 50 ms, others 16 ms
CONTROLS = "() => document.querySelectorAll('.ckx input[type=range], .ckx select').length"
STEPS = """async (place) => {
    const control = document.querySelectorAll(".ckx input[type=range], .ckx select")[place];
    const list = control.tagName === "SELECT", times = [];
    const most = list ? control.options.length - 1 : Number(control.max);
    const count = Math.min(most, 40);
    for (let i = 0; i <= count; i++) {
        await new Promise(requestAnimationFrame);
        const began = performance.now(), to = Math.round((i * most) / count);
        if (list) control.selectedIndex = to;
        else {
            control.value = to;
            control.dispatchEvent(new Event("input", { bubbles: true }));
        }
        control.dispatchEvent(new Event("change", { bubbles: true }));
        document.querySelector(".ckx svg").getBoundingClientRect();
        const drawn = performance.now();
        await new Promise(requestAnimationFrame);
        times.push([drawn - began, performance.now() - began]);
    }
    return times;
}"""
WORK = ("ScriptDuration", "LayoutDuration", "RecalcStyleDuration")


def processor(session: Any) -> float:
    """Return the milliseconds of the processor that the page's main thread has taken so far."""
    seen = session.send("Performance.getMetrics")["metrics"]
    return 1000 * sum(one["value"] for one in seen if one["name"] in WORK)


def main(names: list[str]) -> None:
    """Print a line for each explorer."""
    print("                     on the clock                      on the processor")
    print("explorer       steps  median    95 %  longest   frame    mean  slowest    kB")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        for name in names or explorer_names():
            page = browser.new_page(viewport={"width": 900, "height": 900})
            page.set_content(page_of(name))
            page.wait_for_selector(".ckx svg")
            session = page.context.new_cdp_session(page)
            session.send("Performance.enable", {"timeDomain": "threadTicks"})
            times, work, slowest = [], 0.0, 0.0
            for place in range(page.evaluate(CONTROLS)):
                before = processor(session)
                steps = page.evaluate(STEPS, place)
                took = processor(session) - before
                times, work = [*times, *steps], work + took
                slowest = max(slowest, took / len(steps))
            ordered = sorted(step for step, _ in times)
            budget = 50 if name in HEAVY else 16
            print(
                f"{name:14s}{len(times):6d}{statistics.median(ordered):8.1f}"
                f"{ordered[int(0.95 * len(times))]:8.1f}{ordered[-1]:9.1f}"
                f"{statistics.median(frame for _, frame in times):8.1f}"
                f"{work / len(times):8.1f}{slowest:9.1f}{len(live_html(name)) / 1000:6.0f}"
                f"{'' if slowest < budget else '  over budget'}"
            )
            page.close()
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
