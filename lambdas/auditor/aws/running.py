"""How each kind of resource that runs something is asked for: its roles, and the secrets that it carries."""

from collections.abc import Iterable, Mapping
from typing import Any

from auditor.aws.inventory import Answers, Found, Kind, Place, one_by_one, pages, scanned
from auditor.core.subjects.workloads import INSTANCE, STACK

BATCH = 100
"""Projects that one BatchGetProjects describes."""

ENDED = ("shutting-down", "terminated")
LIVE = "pending running stopping stopped".split()


def _functions(client: Any, _: Place) -> Answers:
    """Lambda functions as they are now; published versions are not told."""
    return [_function(it) for it in pages(client, "list_functions", "Functions")]


def _function(it: Mapping[str, Any]) -> Found:
    environment = it.get("Environment", {})
    error = environment.get("Error", {})
    variables = environment.get("Variables", {})
    return Found(
        type="AWS::Lambda::Function",
        arn=it["FunctionArn"],
        runs=({"role": it.get("Role")},),
        carries=scanned({f"Environment.Variables.{name}": value for name, value in variables.items()}),
        unreadable=f"its environment cannot be read: {error.get('ErrorCode', 'no reason told')}" if error else "",
    )


def _instances(client: Any, place: Place) -> Answers:
    """EC2 instances that are there, running or not."""
    states = [{"Name": "instance-state-name", "Values": LIVE}]
    reservations = pages(client, "describe_instances", "Reservations", 1000, Filters=states)
    return [_instance(it, place) for reservation in reservations for it in reservation["Instances"]]


def _instance(it: Mapping[str, Any], place: Place) -> Found:
    interfaces = it.get("NetworkInterfaces", [])
    addresses = [it.get("PublicIpAddress"), *(one.get("Association", {}).get("PublicIp") for one in interfaces)]
    profile = it.get("IamInstanceProfile", {}).get("Arn")
    run = {"role": None, "profile": profile, "public": any(addresses)}
    return Found(type=INSTANCE, arn=place.arn("ec2", f"instance/{it['InstanceId']}"), runs=(run,))


def _role(place: Place, role: str | None) -> str | None:
    """The ARN of a role: Glue and ECS take, and tell, a name as well."""
    return place.iam_role(role) if role and not role.startswith("arn:") else role


def _task_definitions(client: Any, place: Place) -> Answers:
    """The latest active revision of each family of ECS task definitions."""
    families = pages(client, "list_task_definition_families", "families", 100, status="ACTIVE")

    def described(family: str) -> Found:
        return _task_definition(client.describe_task_definition(taskDefinition=family)["taskDefinition"], place)

    return one_by_one(place, families, described)


def _task_definition(it: Mapping[str, Any], place: Place) -> Found:
    execution = _role(place, it.get("executionRoleArn"))
    texts = {
        f"containerDefinitions.{container.get('name')}.environment.{variable.get('name')}": variable.get("value")
        for container in it.get("containerDefinitions", [])
        for variable in container.get("environment", [])
    }
    return Found(
        type="AWS::ECS::TaskDefinition",
        arn=it["taskDefinitionArn"],
        runs=(
            {"role": _role(place, it.get("taskRoleArn"))},
            *([{"role": execution, "purpose": "execution"}] if execution else []),
        ),
        carries=scanned(texts),
    )


def _projects(client: Any, _: Place) -> Answers:
    """CodeBuild projects; variables that name a parameter or a secret hold no value."""
    names = pages(client, "list_projects", "projects")
    batches = [names[start : start + BATCH] for start in range(0, len(names), BATCH)]
    return [_project(it) for batch in batches for it in client.batch_get_projects(names=batch)["projects"]]


def _project(it: Mapping[str, Any]) -> Found:
    variables = it.get("environment", {}).get("environmentVariables", [])
    texts = {
        f"environment.environmentVariables.{variable['name']}": variable["value"]
        for variable in variables
        if variable.get("type", "PLAINTEXT") == "PLAINTEXT"
    }
    texts["source.buildspec"] = it.get("source", {}).get("buildspec")
    return Found(
        type="AWS::CodeBuild::Project",
        arn=it["arn"],
        runs=({"role": it.get("serviceRole")},),
        carries=scanned(texts),
    )


def _notebooks(client: Any, place: Place) -> Answers:
    """SageMaker notebook instances."""
    listed = pages(client, "list_notebook_instances", "NotebookInstances", 100)

    def described(name: str) -> Found:
        it = client.describe_notebook_instance(NotebookInstanceName=name)
        return Found(
            type="AWS::SageMaker::NotebookInstance", arn=it["NotebookInstanceArn"], runs=({"role": it.get("RoleArn")},)
        )

    return one_by_one(place, [it["NotebookInstanceName"] for it in listed], described)


def _jobs(client: Any, place: Place) -> Answers:
    """Glue jobs."""
    return [_job(it, place) for it in pages(client, "get_jobs", "Jobs", 1000)]


def _job(it: Mapping[str, Any], place: Place) -> Found:
    kinds = ("DefaultArguments", "NonOverridableArguments")
    texts = {f"{kind}.{name}": value for kind in kinds for name, value in it.get(kind, {}).items()}
    return Found(
        type="AWS::Glue::Job",
        arn=place.arn("glue", f"job/{it['Name']}"),
        runs=({"role": _role(place, it.get("Role"))},),
        carries=scanned(texts),
    )


def _stacks(client: Any, _: Place) -> Answers:
    """CloudFormation stacks. One without a role acts for whoever changes it, and runs with none."""
    return [_stack(it) for it in pages(client, "describe_stacks", "Stacks")]


def _stack(it: Mapping[str, Any]) -> Found:
    role = it.get("RoleARN")
    texts = {f"Outputs.{name}": value for name, value in _pairs(it.get("Outputs", []), "OutputKey", "OutputValue")}
    for member in ("ParameterValue", "ResolvedValue"):
        values = _pairs(it.get("Parameters", []), "ParameterKey", member)
        texts |= {f"Parameters.{name}": value for name, value in values if value is not None}
    return Found(type=STACK, arn=it["StackId"], runs=({"role": role},) if role else (), carries=scanned(texts))


def _pairs(entries: Iterable[Mapping[str, Any]], name: str, value: str) -> list[tuple[str, Any]]:
    return [(entry[name], entry.get(value)) for entry in entries]


def _state_machines(client: Any, place: Place) -> Answers:
    """Step Functions state machines; the role is told also of one whose definition is encrypted."""
    listed = pages(client, "list_state_machines", "stateMachines", 1000)

    def described(arn: str) -> Found:
        try:
            it = client.describe_state_machine(stateMachineArn=arn)
        except (client.exceptions.KmsAccessDeniedException, client.exceptions.KmsInvalidStateException) as error:
            it = client.describe_state_machine(stateMachineArn=arn, includedData="METADATA_ONLY")
            why = f"its definition cannot be read: {error.response['Error']['Code']}"
            return Found(type=STATE_MACHINE, arn=arn, runs=({"role": it.get("roleArn")},), unreadable=why)
        carries = scanned({"definition": it.get("definition")})
        return Found(type=STATE_MACHINE, arn=arn, runs=({"role": it.get("roleArn")},), carries=carries)

    return one_by_one(place, [it["stateMachineArn"] for it in listed], described)


STATE_MACHINE = "AWS::StepFunctions::StateMachine"
INSTANCES = Kind(INSTANCE, "ec2", ("ec2:DescribeInstances",), _instances)
NOTEBOOKS = Kind(
    "AWS::SageMaker::NotebookInstance",
    "sagemaker",
    ("sagemaker:DescribeNotebookInstance", "sagemaker:ListNotebookInstances"),
    _notebooks,
)
CONFIGURED = (
    Kind("AWS::Lambda::Function", "lambda", ("lambda:ListFunctions",), _functions),
    Kind(
        "AWS::ECS::TaskDefinition",
        "ecs",
        ("ecs:DescribeTaskDefinition", "ecs:ListTaskDefinitionFamilies"),
        _task_definitions,
    ),
    Kind(
        "AWS::CodeBuild::Project",
        "codebuild",
        ("codebuild:BatchGetProjects", "codebuild:ListProjects"),
        _projects,
    ),
    Kind("AWS::Glue::Job", "glue", ("glue:GetJobs",), _jobs),
    # Without a stack's name, DescribeStacks needs both.
    Kind(STACK, "cloudformation", ("cloudformation:DescribeStacks", "cloudformation:ListStacks"), _stacks),
    Kind(STATE_MACHINE, "stepfunctions", ("states:DescribeStateMachine", "states:ListStateMachines"), _state_machines),
)
"""What runs with a role and carries its configuration in the same answer."""
