{{- /* What several values say together, each mistake with the value that is to be changed. */ -}}
{{- define "slawatch.checks" -}}
{{- $v := .Values -}}
{{- $wrong := list -}}
{{- if not $v.kafka.brokers -}}
{{- $wrong = append $wrong "kafka.brokers: is not set; name host:port, several with commas between" -}}
{{- end -}}
{{- if and (not $v.agreements.files) (not $v.agreements.existingConfigMap) -}}
{{- $wrong = append $wrong "agreements: is not set; give agreements.files (--set-file 'agreements.files.acme\\.yaml=acme.yaml') or agreements.existingConfigMap" -}}
{{- end -}}
{{- if and $v.agreements.files $v.agreements.existingConfigMap -}}
{{- $wrong = append $wrong "agreements: has files and existingConfigMap; give one of them" -}}
{{- end -}}
{{- $partitions := int $v.topics.partitions -}}
{{- if and (not $v.autoscaling.enabled) (gt (int $v.replicas) $partitions) -}}
{{- $wrong = append $wrong (printf "replicas: %d is more than topics.partitions, %d; workers beyond it would have nothing to do" (int $v.replicas) $partitions) -}}
{{- end -}}
{{- if and $v.autoscaling.enabled (gt (int $v.autoscaling.maxReplicas) $partitions) -}}
{{- $wrong = append $wrong (printf "autoscaling.maxReplicas: %d is more than topics.partitions, %d; workers beyond it would have nothing to do" (int $v.autoscaling.maxReplicas) $partitions) -}}
{{- end -}}
{{- if and $v.autoscaling.enabled (gt (int $v.autoscaling.minReplicas) (int $v.autoscaling.maxReplicas)) -}}
{{- $wrong = append $wrong (printf "autoscaling.minReplicas: %d is more than autoscaling.maxReplicas, %d" (int $v.autoscaling.minReplicas) (int $v.autoscaling.maxReplicas)) -}}
{{- end -}}
{{- $access := include "slawatch.access" . | fromYaml -}}
{{- if include "slawatch.sasl" . -}}
{{- if or (not $access.username) (not $access.passwordSecret) -}}
{{- $wrong = append $wrong (printf "kafka.sasl: kafka.security is %s, which needs kafka.sasl.username and kafka.sasl.passwordSecret.name" $v.kafka.security) -}}
{{- end -}}
{{- else if or $v.kafka.sasl.username $v.kafka.sasl.passwordSecret.name -}}
{{- $wrong = append $wrong (printf "kafka.sasl: means nothing with kafka.security %s; use sasl_tls" $v.kafka.security) -}}
{{- end -}}
{{- if and (not (include "slawatch.tls" .)) (or $v.kafka.tls.caSecret.name $v.kafka.tls.certSecret.name) -}}
{{- $wrong = append $wrong (printf "kafka.tls: means nothing with kafka.security %s; use tls or sasl_tls" $v.kafka.security) -}}
{{- end -}}
{{- if and (or $v.strimzi.topics.enabled $v.strimzi.user.enabled) (not $v.strimzi.cluster) -}}
{{- $wrong = append $wrong "strimzi.cluster: is not set; name the Kafka resource" -}}
{{- end -}}
{{- if $v.strimzi.user.enabled -}}
{{- if not $v.strimzi.topics.enabled -}}
{{- $wrong = append $wrong "strimzi.user: needs strimzi.topics.enabled; the user may not create topics" -}}
{{- end -}}
{{- if eq $v.kafka.security "plaintext" -}}
{{- $wrong = append $wrong "strimzi.user: means nothing with kafka.security plaintext; use tls or sasl_tls" -}}
{{- end -}}
{{- if and (include "slawatch.sasl" .) (ne $v.kafka.sasl.mechanism "SCRAM-SHA-512") -}}
{{- $wrong = append $wrong (printf "kafka.sasl.mechanism: a user of Strimzi has SCRAM-SHA-512, not %s" $v.kafka.sasl.mechanism) -}}
{{- end -}}
{{- end -}}
{{- $seen := dict -}}
{{- $resources := dict -}}
{{- range $role := list "tickets" "monitoring" "warnings" "breaches" "outcomes" "reports" "dead_letters" -}}
{{- $topic := get $v.settings $role -}}
{{- if hasKey $seen $topic -}}
{{- $wrong = append $wrong (printf "settings.%s: %s is the topic of settings.%s already" $role $topic (get $seen $topic)) -}}
{{- else if and $v.strimzi.topics.enabled (hasKey $resources (include "slawatch.resource" $topic)) -}}
{{- $wrong = append $wrong (printf "settings.%s: %s and the topic of settings.%s would be one KafkaTopic resource; rename one of them" $role $topic (get $resources (include "slawatch.resource" $topic))) -}}
{{- end -}}
{{- $_ := set $seen $topic $role -}}
{{- $_ := set $resources (include "slawatch.resource" $topic) $role -}}
{{- end -}}
{{- if $wrong -}}
{{- fail (printf "\n%s" (join "\n" $wrong)) -}}
{{- end -}}
{{- end }}

{{- /* The name of the resource for a topic; Kubernetes knows neither capitals nor underscores. */ -}}
{{- define "slawatch.resource" -}}
{{ . | lower | replace "_" "-" }}
{{- end }}
