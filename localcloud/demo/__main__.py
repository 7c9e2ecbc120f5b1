"""`python -m localcloud.demo`: shows Session Reaper at work, in about two minutes, without an account of anything."""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
from pathlib import Path
from typing import Final

from localcloud.client import LocalCloud, LocalCloudError
from localcloud.demo import stage
from localcloud.demo.checks import check
from localcloud.demo.show import Show
from localcloud.demo.world import CHARACTERS
from localcloud.deployment import DeploymentError
from localcloud.surroundings import leave_real_clouds

ROOT: Final = Path(__file__).resolve().parents[2]
BUILD: Final = ROOT / "build" / "demo"


def main() -> int:
    """Run the demo; 0 if everything happened, 1 if something did not, 130 when interrupted."""
    argparse.ArgumentParser(prog="make demo", description=__doc__).parse_args()
    leave_real_clouds()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    shutil.rmtree(BUILD, ignore_errors=True)
    BUILD.mkdir(parents=True)
    show = Show()
    try:
        return _run(show)
    except (LocalCloudError, DeploymentError, stage.DemoError) as error:
        show.say(f"\nThe demo stopped: {error}", "bold red")
        show.say(f"What the programs said is in {_here(BUILD)}.")
        return 1
    except KeyboardInterrupt:
        show.say("\nInterrupted; everything that ran is stopped.")
        return 130


def _run(show: Show) -> int:
    cdk_log = BUILD / "cdk.log"
    show.say("Session Reaper, deployed for real into an embedded cloud. Nothing leaves this machine.", "bold")
    show.say()
    with show.step("Starting AWS and Alibaba Cloud, the embedded ones, with IAM enforced"):
        cloud = LocalCloud.start(auth=True)
    with cloud:
        try:
            with show.step(f"People are at work: {len(CHARACTERS)} sessions of four services; cdk bootstrap"):
                stage.set_up(cloud, cdk_log)
            show.say()
            show.cast()
            show.say()
            with show.step(f"cdk deploy: the real stack in enforce mode, with {stage.POLICIES}"):
                deployment, inbox = stage.deploy_stack(cloud, cdk_log)
            with show.step("Waiting for the schedule, rate(1 minute), to run the real Lambda ") as tick:
                seen = stage.gather(cloud, stage.wait_for_sweep(deployment, inbox, tick))
            kept = _present(show, seen)
            show.say()
            (BUILD / "function.log").write_text("\n".join(deployment.log_lines()), encoding="utf-8")
            with show.step("cdk destroy"):
                deployment.destroy()
        finally:
            _keep_log(cloud)
    show.say()
    if not kept:
        show.say("Not everything happened that should have: see the promises marked NO above.", "bold red")
        return 1
    show.say(
        f"All of it happened, in {show.elapsed():.0f} s. The report as SNS delivered it: {_here(BUILD)}/report.json"
    )
    return 0


def _present(show: Show, seen: stage.Performance) -> bool:
    """Show what came of the sweep, keep what was delivered, and say whether it is what was promised."""
    report = json.dumps(seen.delivered.report, indent=2)
    (BUILD / "report.json").write_text(f"{report}\n", encoding="utf-8")
    show.head("What became of them, as the report that SNS delivered says")
    show.results(seen)
    if letter := seen.letter:
        (BUILD / "mail.txt").write_text(f"Subject: {letter['subject']}\n\n{letter['text']}", encoding="utf-8")
        show.head("The mail that SNS delivered")
        show.mail(letter)
    checks = check(seen)
    show.head("What was promised")
    show.promises(checks)
    return all(one.kept for one in checks)


def _keep_log(cloud: LocalCloud) -> None:
    (BUILD / "cloud.log").write_text(cloud.log_tail(10_000), encoding="utf-8")


def _here(path: Path) -> str:
    """The path as seen from the checkout."""
    return str(path.relative_to(ROOT))


if __name__ == "__main__":
    sys.exit(main())
