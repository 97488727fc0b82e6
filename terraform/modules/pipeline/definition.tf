# The state machine, generated: a stage is a Parallel state, the next one waits for all of it.
#
# One run of a pipeline at a time. The lease is an item of the ledger, taken by a conditional write;
# who finds it taken asks Step Functions whether its holder still runs, and otherwise takes its place:
# an execution that was aborted, or timed out as a whole, releases nothing.

locals {
  # What passes by itself. EMR Serverless in both spellings: no page names the errors of this integration.
  transient = {
    for service, spellings in {
      DynamoDB      = ["DynamoDB"]
      EmrServerless = ["EMRServerless", "EmrServerless"]
      Sfn           = ["Sfn"]
      SNS           = ["SNS"]
      } : service => {
      ErrorEquals = flatten([
        for spelling in spellings : [
          for error in [
            "InternalErrorException", "InternalServerError", "InternalServerException",
            "ProvisionedThroughputExceededException", "RequestLimitExceeded", "SdkClientException",
            "ServiceUnavailableException", "ThrottledException", "ThrottlingException", "TooManyRequestsException",
          ] : "${spelling}.${error}"
        ]
      ])
      IntervalSeconds = 2
      BackoffRate     = 2
      MaxAttempts     = 6
      MaxDelaySeconds = 60
      JitterStrategy  = "FULL"
    }
  }

  # What a second attempt cannot change: a verdict, or a job that EMR or a person cancelled.
  final_causes = "/nothing is published|QualityFailed|unrecognized arguments|\"State\": ?\"CANCELLED\"/"

  # Spark has no room: EMR refuses the call, or fails the run before it has begun (the words of its
  # page on troubles, and of a driver that waited for an executor in vain). That says nothing about the
  # job, so it is no attempt; but for as long as a run may take, no longer.
  refusals = "/ConflictException|ServiceQuotaExceeded|MaxCapacityExceeded|Throttl|TooManyRequests|RequestLimitExceeded/"
  no_place = "/maximumCapacity|MaxCapacityExceeded|ServiceQuotaExceeded|maximum vCPU|no executor being launched/"
  no_room  = "{% ($contains($states.input.error, ${local.refusals}) or ($states.input.error = 'States.TaskFailed' and $contains($states.input.cause, ${local.no_place}))) and $millis() - $toMillis($states.context.Execution.StartTime) < ${var.pipeline.timeout_minutes * 60000} %}"

  # Whoever failed, or found no room, comes back in a minute or two; all of a stage not at once.
  pause = { Type = "Wait", Seconds = "{% 60 + $floor($random() * 61) %}", Output = {} }

  # EMR's cause is the whole job run, pages of it: what people want to know is in its details.
  told = "{% ($said := $match($states.input.cause, /\"StateDetails\": ?\"([^\"]+)\"/); $substring($exists($said) ? $said[0].groups[0] : $states.input.cause, 0, 2000)) %}"

  # A call of another service: quick, or not at all.
  call = { for service, transient in local.transient : service => { Type = "Task", TimeoutSeconds = 60, Retry = [transient] } }

  caught       = { error = "{% $states.errorOutput.Error %}", cause = "{% $states.errorOutput.Cause %}" }
  lease_key    = { pk = { S = "pipeline#${var.id}" }, sk = { S = "lease" } }
  me           = { S = "{% $states.context.Execution.Id %}" }
  wait_seconds = 20
  finished     = "{% {'pipeline': '${var.id}', 'run': $run, 'date': $date, 'jobs': $results} %}"

  # Waiting for its turn may take as long as the work.
  machine_seconds = (2 * var.pipeline.timeout_minutes + 10) * 60

  frame = {
    Input = {
      Type = "Pass"
      Assign = {
        run     = "{% $states.context.Execution.Name %}"
        date    = "{% $substring($exists($states.input.date) and $states.input.date != null ? $string($states.input.date) : $states.context.Execution.StartTime, 0, 10) %}"
        from    = "{% $exists($states.input.from) and $states.input.from != null ? $string($states.input.from) : '' %}"
        to      = "{% $exists($states.input.to) and $states.input.to != null ? $string($states.input.to) : '' %}"
        full    = "{% $exists($states.input.full) and ($states.input.full = true or $states.input.full = 'true') %}"
        results = []
        waits   = 0
        error   = ""
        cause   = ""
      }
      Next = "Check the input"
    }

    "Check the input" = {
      Type = "Choice"
      Choices = [{
        Condition = "{% $contains($date, ${local.day}) and (($from = '' and $to = '') or ($contains($from, ${local.day}) and $contains($to, ${local.day}) and $from <= $to and $not($full))) %}"
        Next      = "Take the lease"
      }]
      Default = "Refuse the input"
    }

    "Refuse the input" = {
      Type = "Pass"
      Assign = {
        error = "InvalidInput"
        cause = "{% 'date, from and to are days (2025-08-30); from and to come together, in order, and without full; given: ' & $string($states.context.Execution.Input) %}"
      }
      Next = "Tell people"
    }

    "Take the lease" = merge(local.call["DynamoDB"], {
      Resource = "arn:aws:states:::dynamodb:putItem"
      Arguments = {
        TableName = var.ledger.name
        Item = merge(local.lease_key, {
          holder  = local.me
          since   = { S = "{% $states.context.Execution.StartTime %}" }
          expires = { N = "{% $string($floor($millis() / 1000) + ${local.machine_seconds}) %}" }
        })
        ConditionExpression = "attribute_not_exists(pk) OR holder = :me OR expires < :now"
        ExpressionAttributeValues = {
          ":me"  = local.me
          ":now" = { N = "{% $string($floor($millis() / 1000)) %}" }
        }
      }
      Catch = [
        { ErrorEquals = ["DynamoDB.ConditionalCheckFailedException"], Next = "Ask who holds it" },
        { ErrorEquals = ["States.ALL"], Assign = local.caught, Next = "Tell people" },
      ]
      Next = "Stage 1"
    })

    "Ask who holds it" = merge(local.call["DynamoDB"], {
      Resource  = "arn:aws:states:::dynamodb:getItem"
      Arguments = { TableName = var.ledger.name, Key = local.lease_key, ConsistentRead = true }
      Assign    = { holder = "{% $exists($states.result.Item.holder.S) ? $states.result.Item.holder.S : '' %}" }
      Catch     = [{ ErrorEquals = ["States.ALL"], Assign = local.caught, Next = "Tell people" }]
      Next      = "Is it free again"
    })

    "Is it free again" = {
      Type    = "Choice"
      Choices = [{ Condition = "{% $holder = '' %}", Next = "Take the lease" }]
      Default = "Look at the holder"
    }

    "Look at the holder" = merge(local.call["Sfn"], {
      Resource  = "arn:aws:states:::aws-sdk:sfn:describeExecution"
      Arguments = { ExecutionArn = "{% $holder %}" }
      Assign    = { holding = "{% $states.result.Status = 'RUNNING' %}" }
      Catch = [
        { ErrorEquals = ["Sfn.ExecutionDoesNotExistException"], Next = "Free a dead lease" },
        { ErrorEquals = ["States.ALL"], Assign = local.caught, Next = "Tell people" },
      ]
      Next = "Does it run"
    })

    "Does it run" = {
      Type = "Choice"
      Choices = [
        { Condition = "{% $not($holding) %}", Next = "Free a dead lease" },
        { Condition = "{% $waits * ${local.wait_seconds} >= ${var.pipeline.timeout_minutes * 60} %}", Next = "Waited too long" },
      ]
      Default = "Wait for its turn"
    }

    "Wait for its turn" = {
      Type    = "Wait"
      Seconds = local.wait_seconds
      Assign  = { waits = "{% $waits + 1 %}" }
      Next    = "Take the lease"
    }

    "Waited too long" = {
      Type   = "Pass"
      Assign = { error = "PipelineBusy", cause = "{% 'another run holds the pipeline: ' & $holder %}" }
      Next   = "Tell people"
    }

    "Free a dead lease" = merge(local.call["DynamoDB"], {
      Resource = "arn:aws:states:::dynamodb:deleteItem"
      Arguments = {
        TableName                 = var.ledger.name
        Key                       = local.lease_key
        ConditionExpression       = "holder = :dead"
        ExpressionAttributeValues = { ":dead" = { S = "{% $holder %}" } }
      }
      Catch = [
        # Somebody else was quicker: their turn.
        { ErrorEquals = ["DynamoDB.ConditionalCheckFailedException"], Next = "Wait for its turn" },
        { ErrorEquals = ["States.ALL"], Assign = local.caught, Next = "Tell people" },
      ]
      Next = "Take the lease"
    })

    Release = merge(local.call["DynamoDB"], {
      Resource  = "arn:aws:states:::dynamodb:deleteItem"
      Arguments = local.release
      Output    = local.finished
      # What stays behind is seen to be dead by the next run.
      Catch = [{ ErrorEquals = ["States.ALL"], Output = local.finished, Next = "Done" }]
      Next  = "Done"
    })

    Done = { Type = "Succeed" }

    "Release after failure" = merge(local.call["DynamoDB"], {
      Resource  = "arn:aws:states:::dynamodb:deleteItem"
      Arguments = local.release
      Catch     = [{ ErrorEquals = ["States.ALL"], Next = "Tell people" }]
      Next      = "Tell people"
    })

    "Tell people" = merge(local.call["SNS"], {
      Resource = "arn:aws:states:::sns:publish"
      Arguments = {
        TopicArn = var.platform.notices_arn
        Subject  = "Pipeline ${var.id} failed"
        Message  = "{% 'The run ' & $run & ' of ${var.id} for ' & $date & ' failed: ' & $error & ': ' & $substring($cause, 0, 4000) & ' Runbook: ${var.platform.runbook_url}#pipeline-failed' %}"
      }
      # A notice that cannot be sent hides no failure: the alarm sends another.
      Catch = [{ ErrorEquals = ["States.ALL"], Next = "Failed" }]
      Next  = "Failed"
    })

    Failed = { Type = "Fail", Error = "{% $error %}", Cause = "{% $substring($cause, 0, 8000) %}" }
  }

  day = "/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/"

  release = {
    TableName                 = var.ledger.name
    Key                       = local.lease_key
    ConditionExpression       = "holder = :me"
    ExpressionAttributeValues = { ":me" = local.me }
  }

  stages = merge([
    for number, jobs in var.pipeline.stages : {
      "Stage ${number + 1}" = {
        Type = "Parallel"
        Branches = [
          for job in jobs : {
            StartAt = "${number + 1} ${job}"
            States  = local.branches["${number + 1} ${job}"]
          }
        ]
        Catch = [{ ErrorEquals = ["States.ALL"], Assign = local.caught, Next = "Release after failure" }]
        Next  = "After stage ${number + 1}"
      }
      "After stage ${number + 1}" = {
        Type   = "Pass"
        Assign = { results = "{% $append($results, $states.input) %}" }
        Next   = "Judge stage ${number + 1}"
      }
      "Judge stage ${number + 1}" = {
        Type    = "Choice"
        Choices = [{ Condition = "{% $count($results[state != 'SUCCESS']) > 0 %}", Next = "Stage ${number + 1} failed" }]
        Default = number + 1 < length(var.pipeline.stages) ? "Stage ${number + 2}" : "Release"
      }
      "Stage ${number + 1} failed" = {
        Type = "Pass"
        Assign = {
          error = "JobFailed"
          cause = "{% $join([$results[state != 'SUCCESS'].(job & ': ' & reason)], '; ') %}"
        }
        Next = "Release after failure"
      }
    }
  ]...)

  # No job ends its siblings: each branch says how it went, and the stage is judged as a whole.
  branches = merge([
    for number, jobs in var.pipeline.stages : {
      for job in jobs : "${number + 1} ${job}" => {
        "${number + 1} ${job}" = merge(local.submissions["${number + 1} ${job} 1"], {
          Catch = [{ ErrorEquals = ["States.ALL"], Output = local.caught, Next = "${number + 1} ${job}: worth a second attempt" }]
          Next  = "${number + 1} ${job}: done"
        })
        "${number + 1} ${job}: worth a second attempt" = {
          Type = "Choice"
          Choices = [
            { Condition = local.no_room, Next = "${number + 1} ${job}: wait for room" },
            {
              Condition = "{% $states.input.error = 'States.TaskFailed' and $not($contains($states.input.cause, ${local.final_causes})) %}"
              Next      = "${number + 1} ${job}: pause"
            },
          ]
          Default = "${number + 1} ${job}: failed"
        }
        "${number + 1} ${job}: wait for room" = merge(local.pause, { Next = "${number + 1} ${job}" })
        "${number + 1} ${job}: pause"         = merge(local.pause, { Next = "${number + 1} ${job}: again" })
        "${number + 1} ${job}: again" = merge(local.submissions["${number + 1} ${job} 2"], {
          Catch = [{ ErrorEquals = ["States.ALL"], Output = local.caught, Next = "${number + 1} ${job}: room for the second" }]
          Next  = "${number + 1} ${job}: done"
        })
        "${number + 1} ${job}: room for the second" = {
          Type    = "Choice"
          Choices = [{ Condition = local.no_room, Next = "${number + 1} ${job}: pause" }]
          Default = "${number + 1} ${job}: failed"
        }
        "${number + 1} ${job}: done" = {
          Type   = "Pass"
          Output = { job = job, state = "SUCCESS", result = "{% '${local.results}' & $run & '/${job}.json' %}" }
          End    = true
        }
        "${number + 1} ${job}: failed" = {
          Type = "Pass"
          Output = {
            job    = job
            state  = "FAILED"
            error  = "{% $states.input.error %}"
            reason = local.told
          }
          End = true
        }
      }
    }
  ]...)

  results = "s3://${var.spark.jobs_bucket}/runs/pipelines/"

  # The token is the execution's, the job's and the attempt's, anew each time that the state is entered:
  # a call that is repeated because its answer was lost finds the run that it started; whoever comes
  # back after a failure, or for want of room, starts a new one.
  submissions = merge([
    for number, jobs in var.pipeline.stages : merge([
      for job in jobs : {
        for attempt in ["1", "2"] : "${number + 1} ${job} ${attempt}" => {
          Type     = "Task"
          Resource = "arn:aws:states:::emr-serverless:startJobRun.sync"
          Arguments = {
            Name             = job
            ApplicationId    = var.spark.application_id
            ExecutionRoleArn = var.spark.role_arn
            ClientToken      = "{% $hash($states.context.Execution.Id & '/${number + 1}/${job}/${attempt}/' & ($exists($states.context.Execution.RedriveCount) ? $string($states.context.Execution.RedriveCount) : '0') & '/' & $states.context.State.EnteredTime, 'SHA-256') %}"
            # EMR cancels it before Step Functions gives up, so that the cause is told.
            ExecutionTimeoutMinutes = var.pipeline.jobs[job].timeout_minutes
            RetryPolicy             = { MaxAttempts = 1 }
            JobDriver = {
              SparkSubmit = {
                EntryPoint            = "s3://${var.spark.jobs_bucket}/spark/${var.pipeline.jobs[job].script}.py"
                EntryPointArguments   = "{% $append($append($append(${jsonencode(concat(var.pipeline.jobs[job].arguments, ["--served", var.spark.served_uri]))}, ['--date', $date, '--run', $run]), $append($full ? ['--full', 'true'] : [], $from = '' ? [] : ['--from', $from, '--to', $to])), ['--result', '${local.results}' & $run & '/${job}.json']) %}"
                SparkSubmitParameters = var.spark.parameters
              }
            }
            ConfigurationOverrides = {
              MonitoringConfiguration = {
                S3MonitoringConfiguration = { LogUri = var.spark.log_uri, EncryptionKeyArn = var.platform.kms_key_arn }
              }
            }
          }
          TimeoutSeconds = (var.pipeline.jobs[job].timeout_minutes + 10) * 60
          Retry          = [local.transient["EmrServerless"]]
        }
      }
    ]...)
  ]...)

  definition = {
    Comment        = "Pipeline ${var.id}: ${join(", then ", [for jobs in var.pipeline.stages : join(" and ", jobs)])}."
    QueryLanguage  = "JSONata"
    StartAt        = "Input"
    TimeoutSeconds = local.machine_seconds
    States         = merge(local.frame, local.stages)
  }
}
