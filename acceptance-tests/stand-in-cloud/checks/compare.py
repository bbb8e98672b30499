#!/usr/bin/env python3
"""Checks the stand-in EC2 with clients that are not ours.

Runs one scenario with boto3 against the stand-in, holds every reply against the API's description in botocore, runs the
same scenario with the aws command line, and, if a LocalStack is given, against that. Where the two servers differ,
differences.json must say so and why: a difference that is not listed fails, and so does a listed one that is gone.

    compare.py --stand-in http://127.0.0.1:4599 [--cli] [--localstack http://127.0.0.1:4566] [--write]

The stand-in's cloud is emptied. With --localstack-venv a LocalStack is started for the time of the comparison. Exit status: 0 all as listed, 1 not, 77 skipped because boto3 is missing.
"""

import argparse
import contextlib
import json
import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

# The sources must not get company from a run.
sys.dont_write_bytecode = True

import scenario  # noqa: E402

DIFFERENCES = pathlib.Path(__file__).with_name("differences.json")
REGION = "eu-west-1"


def boto3_client(endpoint, account, complaints=None):
    """Calls with boto3. Replies that the API's description does not allow are added to the complaints."""
    import boto3
    import botocore.config
    import botocore.exceptions

    import model

    client = boto3.client(
        "ec2",
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=account,
        aws_secret_access_key="x",
        config=botocore.config.Config(retries={"max_attempts": 0}),
    )
    if complaints is not None:

        def check(operation_model, response_dict, **_):
            if response_dict["status_code"] == 200:
                complaints.update(model.violations(operation_model, response_dict["body"]))

        client.meta.events.register("before-parse.ec2", check)
    names = {operation: name for name, operation in client.meta.method_to_api_mapping.items()}

    def call(operation, **params):
        try:
            return getattr(client, names[operation])(**params)
        except botocore.exceptions.ClientError as error:
            raise scenario.Refused(error.response["Error"]["Code"]) from error

    return call


def cli_client(endpoint, account):
    """Calls with the aws command line."""
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_PAGER": "",
    }

    def call(operation, **params):
        # As in the command line's own names: each capital that starts a word becomes a dash.
        kebab = "".join(f"-{c.lower()}" if c.isupper() else c for c in operation).lstrip("-")
        command = ["aws", "ec2", kebab, "--endpoint-url", endpoint, "--output", "json", "--cli-input-json", json.dumps(params)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            code = done.stderr.partition("(")[2].partition(")")[0]
            raise scenario.Refused(code or done.stderr.strip())
        return json.loads(done.stdout) if done.stdout.strip() else {}

    return call


@contextlib.contextmanager
def running_localstack(venv):
    """A LocalStack from a virtual environment, on a free port, until the context ends; gives its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    settings = {"ACTIVATE_PRO": "0", "SERVICES": "ec2,sts,iam", "DISABLE_EVENTS": "1", "SKIP_SSL_CERT_DOWNLOAD": "1"}
    environment = {**os.environ, **settings, "GATEWAY_LISTEN": address}
    command = [str(pathlib.Path(venv, "bin", "python")), "-m", "localstack.runtime.main"]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            for _ in range(1200):
                with contextlib.suppress(OSError):
                    urllib.request.urlopen(f"http://{address}/_localstack/health", timeout=5).close()
                    break
                if process.poll() is not None:
                    break
                time.sleep(0.1)
            else:
                raise TimeoutError("LocalStack is not ready after 2 minutes")
            if process.poll() is not None:
                log.seek(0)
                raise RuntimeError(f"LocalStack ended: {log.read().decode(errors='replace')[-2000:]}")
            yield f"http://{address}"
        finally:
            process.terminate()
            process.wait(30)


def control(endpoint, method, path, body):
    """Uses the stand-in's control API."""
    request = urllib.request.Request(f"{endpoint}/_stand-in{path}", json.dumps(body).encode(), method=method)
    urllib.request.urlopen(request, timeout=10).close()


def prepare(endpoint, pace):
    """Empties the stand-in, and makes each state last long enough for the client to see it."""
    control(endpoint, "POST", "/reset", {})
    control(endpoint, "PUT", "/ec2/quotas", {"addresses": 5, "nat_gateways_per_zone": 5, "addresses_per_nat_gateway": 2})
    timings = dict.fromkeys(["nat_create_ms", "nat_delete_ms", "nat_address_ms", "nat_drain_ms"], pace)
    control(endpoint, "PUT", "/ec2/timings", {**timings, "association_lag_ms": 50, "release_lag_ms": 100, "read_lag_ms": 0})


def report(title, left, right, names):
    """Prints the steps where two runs differ; gives them."""
    differing = [step for step in left if left[step] != right.get(step)]
    print(f"{title}: {len(left)} steps, {len(differing)} differ")
    for step in differing:
        print(f"  {step}\n    {names[0]}: {left[step]}\n    {names[1]}: {right.get(step)}")
    return differing


def compare_with_list(ours, theirs, write):
    """Holds the differences from LocalStack against the list; gives what is wrong."""
    listed = json.loads(DIFFERENCES.read_text()) if DIFFERENCES.exists() else {}
    steps = [*ours, *(step for step in theirs if step not in ours)]
    both = {step: {"stand_in": ours.get(step), "localstack": theirs.get(step)} for step in steps}
    found = {step: values for step, values in both.items() if values["stand_in"] != values["localstack"]}
    if write:
        reasons = {step: listed.get(step, {}).get("reason", "") for step in found}
        merged = {step: {**found[step], "reason": reasons[step]} for step in found}
        DIFFERENCES.write_text(json.dumps(merged, indent=1) + "\n")
        listed = merged
    wrong = []
    for step in {**listed, **found}:
        expected = {key: listed.get(step, {}).get(key) for key in ("stand_in", "localstack")}
        if step not in found:
            wrong.append(f"{step}: listed, but the two agree now: {ours.get(step)}")
        elif step not in listed:
            wrong.append(f"{step}: not listed: {found[step]}")
        elif found[step] != expected:
            wrong.append(f"{step}: listed as {expected}, found {found[step]}")
        elif not listed[step]["reason"]:
            wrong.append(f"{step}: listed without a reason")
    return wrong


def check_cli(endpoint, ours):
    """Runs the first half with the aws command line; gives what is wrong."""
    if not shutil.which("aws"):
        return ["the aws command line is not on PATH"]
    prepare(endpoint, 2000)
    cli = scenario.run(cli_client(endpoint, "123456789012"), short=True)
    same = {step: ours[step] for step in cli}
    differing = report("boto3 and aws on the stand-in", same, cli, ("boto3", "aws"))
    return [f"boto3 and aws differ: {step}" for step in differing]


def check_localstack(endpoint, ours, write):
    """Runs the scenario on a LocalStack; gives what is wrong."""
    theirs = scenario.run(boto3_client(endpoint, f"{random.randrange(10**11, 10**12)}"))
    report("the stand-in and LocalStack", ours, theirs, ("stand-in", "LocalStack"))
    return compare_with_list(ours, theirs, write)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stand-in", required=True, help="URL of a running stand-in")
    servers = parser.add_mutually_exclusive_group()
    servers.add_argument("--localstack", help="URL of a running LocalStack")
    servers.add_argument("--localstack-venv", help="virtual environment with a LocalStack to start")
    parser.add_argument("--cli", action="store_true", help="run the first half with the aws command line too")
    parser.add_argument("--write", action="store_true", help="write the differences found into differences.json")
    arguments = parser.parse_args()
    try:
        import boto3  # noqa: F401
    except ImportError:
        print("skipped: boto3 is not installed")
        return 77
    wrong = []
    complaints = set()
    prepare(arguments.stand_in, 400)
    ours = scenario.run(boto3_client(arguments.stand_in, "123456789012", complaints))
    print(f"boto3 on the stand-in: {len(ours)} steps")
    wrong += [f"not as the API is described: {complaint}" for complaint in sorted(complaints)]
    if arguments.cli:
        wrong += check_cli(arguments.stand_in, ours)
    if arguments.localstack_venv:
        with running_localstack(arguments.localstack_venv) as localstack:
            wrong += check_localstack(localstack, ours, arguments.write)
    elif arguments.localstack:
        wrong += check_localstack(arguments.localstack, ours, arguments.write)
    else:
        print("no LocalStack to compare with: the list is held against the stand-in alone")
        listed = json.loads(DIFFERENCES.read_text())
        changed = [step for step, entry in listed.items() if ours.get(step) != entry["stand_in"]]
        wrong += [f"{step}: listed as {listed[step]['stand_in']}, found {ours.get(step)}" for step in changed]
    for line in wrong:
        print(f"WRONG {line}")
    print("as listed" if not wrong else f"{len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
