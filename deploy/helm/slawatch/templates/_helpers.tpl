{{- define "slawatch.name" -}}
{{- if contains "slawatch" .Release.Name }}{{ .Release.Name }}{{ else }}{{ .Release.Name }}-slawatch{{ end }}
{{- end }}

{{- define "slawatch.selector" -}}
app.kubernetes.io/name: slawatch
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "slawatch.labels" -}}
{{ include "slawatch.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "slawatch.agreements" -}}
{{- .Values.agreements.existingConfigMap | default (printf "%s-agreements" (include "slawatch.name" .)) }}
{{- end }}

{{- define "slawatch.brokers" }}{{ .Values.kafka.brokers | nospace }}{{ end }}
{{- define "slawatch.sasl" }}{{ if hasPrefix "sasl" .Values.kafka.security }}true{{ end }}{{ end }}
{{- define "slawatch.tls" }}{{ if hasSuffix "tls" .Values.kafka.security }}true{{ end }}{{ end }}

{{- /* What reaches Kafka; a user that Strimzi makes here comes with secrets of known names. */ -}}
{{- define "slawatch.access" -}}
{{- $user := and .Values.strimzi.user.enabled (include "slawatch.name" .) -}}
{{- $tls := .Values.kafka.tls -}}
username: {{ .Values.kafka.sasl.username | default $user | default "" | quote }}
passwordSecret: {{ .Values.kafka.sasl.passwordSecret.name | default $user | default "" | quote }}
caSecret: {{ $tls.caSecret.name | default (and $user (printf "%s-cluster-ca-cert" .Values.strimzi.cluster)) | default "" | quote }}
certSecret: {{ $tls.certSecret.name | default (and $user (eq .Values.kafka.security "tls") $user) | default "" | quote }}
{{- end }}

{{- /* The topics of files/topics.yaml with their names, as a JSON list. */ -}}
{{- define "slawatch.topics" -}}
{{- $settings := .Values.settings -}}
{{- $records := eq (get $settings "stream_time" | default "auto") "records" -}}
{{- $found := list -}}
{{- range (.Files.Get "files/topics.yaml" | fromYaml).topics -}}
{{- $name := get $settings .setting -}}
{{- $config := deepCopy (ternary (.configByRecords | default .config) .config $records) -}}
{{- if .changelog -}}
{{- $name = printf "%s-%s-changelog" $settings.group $name -}}
{{- if gt (int $.Values.topics.replication) 1 -}}{{- $_ := set $config "min.insync.replicas" "2" -}}{{- end -}}
{{- end -}}
{{- $found = append $found (dict "name" $name "reads" .reads "writes" .writes "changelog" .changelog "config" $config) -}}
{{- end -}}
{{- $found | toJson -}}
{{- end }}
