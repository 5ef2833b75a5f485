"""The examples for clusters: they name the same workers to all, and fit the published schema."""

import json
import os
import pathlib
import subprocess

import kubernetes_validate
import pytest
import yaml

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "examples" / "cluster"


def executable(path, text):
    path.write_text(text)
    path.chmod(0o755)


def told(output):
    """[(TF_CONFIG, words after train.py)] that a pretended python printed."""
    return [(json.loads(line.split("\t")[0]), line.split("\t")[1]) for line in output.splitlines()]


PYTHON = '#!/bin/sh\nprintf "%s\\t%s\\n" "$TF_CONFIG" "$*"\n'


def test_slurm_gives_each_task_its_place(tmp_path):
    executable(tmp_path / "python", PYTHON)
    executable(tmp_path / "scontrol", '#!/bin/sh\n[ "$1 $2" = "show hostnames" ] && printf "n1\\nn2\\n"\n')
    executable(tmp_path / "srun", '#!/bin/sh\nshift\nfor i in 0 1; do SLURM_PROCID=$i "$@"; done\n')
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SLURM_JOB_NODELIST": "n[1-2]"}
    command = ["sh", str(FOLDER / "slurm.sh"), "--dataset=faces", "--workdir=a b"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    for index, (config, words) in enumerate(told(done.stdout)):
        assert config == {"cluster": {"worker": ["n1:12345", "n2:12345"]}, "task": {"type": "worker", "index": index}}
        assert words == "train.py --strategy=multi_worker --dataset=faces --workdir=a b"
    assert len(told(done.stdout)) == 2


@pytest.mark.parametrize(("status", "again"), [(0, False), (1, True), (2, False), (137, True)])
def test_slurm_queues_a_job_again_that_lost_a_worker_and_no_wrong_input(status, again, tmp_path):
    executable(tmp_path / "scontrol", f'#!/bin/sh\n[ "$1" != requeue ] || echo "$2" > {tmp_path / "queued"}\n')
    executable(tmp_path / "srun", f"#!/bin/sh\nexit {status}\n")
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SLURM_JOB_NODELIST": "n1", "SLURM_JOB_ID": "7"}
    assert subprocess.run(["sh", str(FOLDER / "slurm.sh")], env=environment).returncode == status
    assert (tmp_path / "queued").exists() == again


def test_kubernetes_starts_pods_again_that_lost_a_worker_and_no_wrong_input():
    _, job = yaml.safe_load_all((FOLDER / "kubernetes.yaml").read_text())
    (rule,) = job["spec"]["podFailurePolicy"]["rules"]
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert rule["action"] == "FailJob" and job["spec"]["template"]["spec"]["restartPolicy"] == "Never"
    assert rule["onExitCodes"] == {"containerName": container["name"], "operator": "In", "values": [2]}
    assert job["spec"]["backoffLimit"] > job["spec"]["completions"]  # each lost worker fails as many pods


def test_kubernetes_gives_each_pod_its_place(tmp_path):
    service, job = yaml.safe_load_all((FOLDER / "kubernetes.yaml").read_text())
    for manifest in (service, job):
        kubernetes_validate.validate(manifest, "1.32", strict=True)
    executable(tmp_path / "python", PYTHON)
    (container,) = job["spec"]["template"]["spec"]["containers"]
    environment = {each["name"]: each["value"] for each in container["env"]}
    assert int(environment["COUNT"]) == job["spec"]["completions"] == job["spec"]["parallelism"]
    environment |= {"PATH": f"{tmp_path}:{os.environ['PATH']}", "JOB_COMPLETION_INDEX": "2"}
    done = subprocess.run(container["command"], env=environment, capture_output=True, text=True, check=True)
    ((config, words),) = told(done.stdout)
    name, port = service["metadata"]["name"], service["spec"]["ports"][0]["port"]
    assert job["metadata"]["name"] == name == job["spec"]["template"]["spec"]["subdomain"]
    assert config["cluster"]["worker"] == [f"{name}-{index}.{name}:{port}" for index in range(4)]
    assert config["task"] == {"type": "worker", "index": 2} and words.startswith("train.py --strategy=multi_worker")
