{{- /* What the operator's settings read from the environment, as a map of names to values. */ -}}
{{- define "leeboard.environment" -}}
{{- $uri := include "leeboard.mlflow.uri" . }}
LEEBOARD_CLUSTER: {{ .Values.clusterName | quote }}
LEEBOARD_TRACKING_URI: {{ $uri | quote }}
LEEBOARD_TRACKING_URI_FOR_PODS: {{ default $uri .Values.mlflow.uriForPods | quote }}
{{- with .Values.mlflow.page }}
LEEBOARD_TRACKING_PAGE: {{ . | quote }}
{{- end }}
{{- with .Values.mlflow.credentialsSecretName }}
LEEBOARD_CREDENTIALS_SECRET: {{ . | quote }}
{{- end }}
LEEBOARD_RUNTIME_IMAGE: {{ include "leeboard.image" (dict "image" .Values.runtime.image "chart" .Chart) | quote }}
LEEBOARD_SELDON_IMAGE: {{ include "leeboard.image" (dict "image" .Values.seldon.image "chart" .Chart) | quote }}
LEEBOARD_IMAGE_PULL_POLICY: {{ .Values.runtime.image.pullPolicy | quote }}
{{- with .Values.runtime.imagePullSecretNames }}
LEEBOARD_IMAGE_PULL_SECRETS: {{ join "," . | quote }}
{{- end }}
{{- with .Values.traffic.gateway }}
{{- if and .name .namespace }}
LEEBOARD_GATEWAY_NAME: {{ .name | quote }}
LEEBOARD_GATEWAY_NAMESPACE: {{ .namespace | quote }}
{{- with .sectionName }}
LEEBOARD_GATEWAY_SECTION_NAME: {{ . | quote }}
{{- end }}
{{- with .domain }}
LEEBOARD_GATEWAY_DOMAIN: {{ . | quote }}
{{- end }}
{{- else if or .name .namespace .sectionName .domain }}
{{- fail "traffic.gateway needs both its name and its namespace" }}
{{- end }}
{{- end }}
{{- with .Values.prometheus.providers }}
LEEBOARD_PROMETHEUS: {{ toJson . | quote }}
{{- end }}
{{- with .Values.notifications.endpoints }}
{{- $endpoints := dict }}
{{- range $name, $endpoint := . }}
{{- $file := printf "%s/%s/url" (include "leeboard.notifications.path" $) $name }}
{{- $_ := set $endpoints $name (merge (dict "urlFile" $file) (omit $endpoint "secret")) }}
{{- end }}
LEEBOARD_NOTIFICATIONS: {{ toJson $endpoints | quote }}
{{- end }}
LEEBOARD_START_DEADLINE_SECONDS: {{ .Values.settings.startDeadlineSeconds | int | quote }}
LEEBOARD_FINISHED_JOB_TTL_SECONDS: {{ .Values.settings.finishedJobTTLSeconds | int | quote }}
LEEBOARD_WORKERS: {{ .Values.settings.workers | int | quote }}
LEEBOARD_SWEEP_SECONDS: {{ .Values.settings.sweepSeconds | int | quote }}
LEEBOARD_LEADER_ELECTION: "true"
LEEBOARD_LEASE_NAME: leeboard
LEEBOARD_PROBE_PORT: "8081"
LEEBOARD_METRICS_PORT: "8080"
LEEBOARD_LOG_LEVEL: {{ .Values.settings.logLevel | quote }}
LEEBOARD_LOG_FORMAT: {{ .Values.settings.logFormat | quote }}
{{- end }}
