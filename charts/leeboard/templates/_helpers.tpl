{{- define "leeboard.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "leeboard.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains (include "leeboard.name" .) .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "leeboard.name" .) | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "leeboard.serviceAccountName" -}}
{{- default (include "leeboard.fullname" .) .Values.serviceAccount.name }}
{{- end }}

{{- define "leeboard.selector" -}}
app.kubernetes.io/name: {{ include "leeboard.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "leeboard.labels" -}}
{{ include "leeboard.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: leeboard
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- /* image: {image values, chart} -> reference, by digest where one is given */ -}}
{{- define "leeboard.image" -}}
{{- if .image.digest -}}
{{ printf "%s@%s" .image.repository .image.digest }}
{{- else -}}
{{ printf "%s:%s" .image.repository (default .chart.AppVersion .image.tag) }}
{{- end -}}
{{- end }}

{{- define "leeboard.mlflow.name" -}}
{{ include "leeboard.fullname" . }}-mlflow
{{- end }}

{{- define "leeboard.mlflow.uri" -}}
{{- if and .Values.mlflow.enabled .Values.mlflow.uri -}}
{{- fail "Set mlflow.enabled=true for the embedded MLflow server or mlflow.uri=http://... for your own, not both." -}}
{{- else if .Values.mlflow.enabled -}}
http://{{ include "leeboard.mlflow.name" . }}.{{ .Release.Namespace }}.svc:5000
{{- else -}}
{{- required "Leeboard needs an MLflow server: set mlflow.enabled=true to install one, or mlflow.uri=http://... to use your own." .Values.mlflow.uri -}}
{{- end -}}
{{- end }}

{{- define "leeboard.mlflow.needsVolume" -}}
{{- if not (and .Values.mlflow.backendStoreUriSecret.name .Values.mlflow.artifactRoot) }}true{{ end }}
{{- end }}

{{- define "leeboard.mlflow.allowedHosts" -}}
{{- $name := include "leeboard.mlflow.name" . }}
{{- $hosts := list "localhost" "127.0.0.1" $name }}
{{- range $suffix := list .Release.Namespace (printf "%s.svc" .Release.Namespace) (printf "%s.svc.%s" .Release.Namespace .Values.mlflow.clusterDomain) }}
{{- $hosts = append $hosts (printf "%s.%s" $name $suffix) }}
{{- end }}
{{- $all := list }}
{{- range $host := $hosts }}
{{- /* port-forward may listen on any local port */ -}}
{{- $all = append (append $all $host) (printf "%s:%s" $host (ternary "*" "5000" (has $host (list "localhost" "127.0.0.1")))) }}
{{- end }}
{{- join "," (concat $all .Values.mlflow.allowedHosts) }}
{{- end }}

{{- define "leeboard.notifications.path" -}}
/etc/leeboard/notifications
{{- end }}

{{- define "leeboard.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "leeboard.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}
