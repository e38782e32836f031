"""A trail that somebody watches, for accounts that moto keeps."""

import boto3

from tests.aws.answers import alarm_entry, filter_entry


def make_watched_trail(session: boto3.Session) -> None:
    """A trail whose log group has a metric filter with an alarm and a topic."""
    session.client("s3").create_bucket(Bucket="trail")
    logs = session.client("logs")
    logs.create_log_group(logGroupName="trail")
    group = logs.describe_log_groups()["logGroups"][0]["arn"]
    entry = filter_entry()
    del entry["filterName"]
    logs.put_metric_filter(logGroupName="trail", filterName="root-use", **entry)
    topic = session.client("sns").create_topic(Name="security")["TopicArn"]
    alarm = {name: it for name, it in alarm_entry(AlarmActions=[topic]).items() if name != "AlarmArn"}
    session.client("cloudwatch").put_metric_alarm(**alarm)
    session.client("cloudtrail").create_trail(
        Name="all", S3BucketName="trail", IsMultiRegionTrail=True, CloudWatchLogsLogGroupArn=group
    )
