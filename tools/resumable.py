"""`python -m tools.resumable deploy --stage dev`: Chalice's own command line, able to go on where it was stopped.

Chalice writes down what it has made when everything is made. So what a deploy that fails on its way leaves
behind could be neither deployed over (a second API would be made) nor deleted; and a deletion that was stopped
could not be repeated, because Chalice fails over what is gone. Here everything is written down before the next
call is made, and what is gone is as good as deleted. What it packs is what the lock holds (`package`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError
from chalice.awsclient import ResourceDoesNotExistError
from chalice.cli import main
from chalice.config import Config
from chalice.deploy import deployer, executor, models

from tools import package
from tools.errors import is_not_found
from tools.iam_lag import once_role_holds


class Executor(executor.Executor):
    """Makes Chalice's calls one by one; before each it has what the earlier ones made kept."""

    keep: Callable[[], None] = staticmethod(lambda: None)

    def _do_apicall(self, instruction: models.APICall) -> None:
        self.keep()
        try:
            once_role_holds(lambda: super(Executor, self)._do_apicall(instruction))
        except (ClientError, ResourceDoesNotExistError) as error:
            deletes = instruction.method_name.startswith(("delete_", "remove_"))
            if not deletes or not (isinstance(error, ResourceDoesNotExistError) or is_not_found(error)):
                raise


class Deployer(deployer.Deployer):
    """Deploys and deletes a stage with a record that is true at every moment."""

    _executor: Executor

    def _deploy(self, config: Config, chalice_stage_name: str) -> dict[str, Any]:
        before = config.deployed_resources(chalice_stage_name)
        stood = {name: before.resource_values(name) for name in before.resource_names()}

        def keep() -> None:
            made = {values["name"]: stood.get(values["name"], {}) | values for values in self._executor.resource_values}
            if record := stood | made:
                content = {"resources": list(record.values()), "schema_version": "2.0", "backend": self.BACKEND_NAME}
                self._recorder.record_results(content, chalice_stage_name, config.project_dir)

        self._executor.keep = keep
        done: dict[str, Any] = super()._deploy(config, chalice_stage_name)
        return done


if __name__ == "__main__":
    vars(deployer).update(
        Executor=Executor,
        Deployer=Deployer,
        PipDependencyBuilder=package.Wheels,
        LambdaDeploymentPackager=package.Packager,
    )
    sys.exit(main())
