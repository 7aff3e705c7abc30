"""Silver once a day, gold after silver, and nothing at all when nothing waits.

Events come in by themselves: `medallion run` or `medallion ingest --follow` lands them. The worker needs the
command (MEDALLION names it where it is not on the PATH) and the environment that says where things are:
DATABASE_URL or PG*, KAFKA_BROKERS, MEDALLION_HOME. For Airflow 3.
"""

import json
import os
import subprocess
from datetime import datetime, timedelta, timezone

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task

MEDALLION = os.environ.get("MEDALLION", "medallion")

with DAG(
    dag_id="medallion",
    description="Bronze to silver, and silver to gold",
    # After midnight in UTC, when a day is over. Late events are published with the day they belong to.
    schedule="15 0 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    # A promotion takes everything that waits: there is nothing to catch up with.
    catchup=False,
    max_active_runs=1,
    default_args={
        # Exit code 3 is a server that is away, 5 another promotion at work: both pass.
        "retries": 3,
        "retry_delay": timedelta(minutes=5),
    },
):

    @task.short_circuit
    def anything_new() -> bool:
        """Whether an event waits for silver, or a day for gold; else what follows is skipped."""
        command = f"{MEDALLION} status --section state --output json"
        answer = subprocess.run(
            command, shell=True, check=True, stdout=subprocess.PIPE
        )
        state = json.loads(answer.stdout)["state"]
        return state["waiting_events"] > 0 or state["waiting_days"] > 0

    silver = BashOperator(
        task_id="silver",
        bash_command=f"{MEDALLION} promote --layer silver",
        append_env=True,
    )
    gold = BashOperator(
        task_id="gold",
        bash_command=f"{MEDALLION} promote --layer gold",
        append_env=True,
    )
    anything_new() >> silver >> gold
