"""How long a step of a slider takes in Chromium: python benchmarks/bench_explorers.py [NAME ...].

A step is what a key press causes: the explorer computes, draws, and the page is laid out. Every
slider is moved over all its values, up to 40 of them. Columns: milliseconds of the step (median,
95th percentile, longest), the median of the slowest control, until the next frame is on its way
(median), and the HTML's size.
"""

import statistics
import sys

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
STEPS = """async () => {
    const times = [];
    let place = 0;
    for (const slider of document.querySelectorAll("input[type=range]")) {
        place++;
        const most = Number(slider.max), count = Math.min(most, 40);
        for (let i = 0; i <= count; i++) {
            await new Promise(requestAnimationFrame);
            const began = performance.now();
            slider.value = Math.round((i * most) / count);
            slider.dispatchEvent(new Event("input", { bubbles: true }));
            slider.dispatchEvent(new Event("change", { bubbles: true }));
            document.querySelector(".ckx svg").getBoundingClientRect();
            const drawn = performance.now();
            await new Promise(requestAnimationFrame);
            times.push([drawn - began, performance.now() - began, place]);
        }
    }
    for (const list of document.querySelectorAll("select")) {
        place++;
        for (let i = 0; i < list.options.length; i++) {
            const began = performance.now();
            list.selectedIndex = i;
            list.dispatchEvent(new Event("change", { bubbles: true }));
            document.querySelector(".ckx svg").getBoundingClientRect();
            const drawn = performance.now();
            await new Promise(requestAnimationFrame);
            times.push([drawn - began, performance.now() - began, place]);
        }
    }
    return times;
}"""


def main(names: list[str]) -> None:
    """Print a line for each explorer."""
    print("explorer       steps  median    95 %  longest slowest   frame    kB")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        for name in names or explorer_names():
            page = browser.new_page(viewport={"width": 900, "height": 900})
            page.set_content(page_of(name))
            page.wait_for_selector(".ckx svg")
            steps, frames, places = zip(*page.evaluate(STEPS), strict=True)
            ordered = sorted(steps)
            budget = 50 if name in HEAVY else 16
            median = statistics.median(steps)
            by_control: dict[int, list[float]] = {}
            for place, step in zip(places, steps, strict=True):
                by_control.setdefault(place, []).append(step)
            slowest = max(statistics.median(part) for part in by_control.values())
            print(
                f"{name:14s}{len(steps):6d}{median:8.1f}{ordered[int(0.95 * len(steps))]:8.1f}"
                f"{ordered[-1]:9.1f}{slowest:8.1f}{statistics.median(frames):8.1f}"
                f"{len(live_html(name)) / 1000:6.0f}{'' if slowest < budget else '  over budget'}"
            )
            page.close()
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
