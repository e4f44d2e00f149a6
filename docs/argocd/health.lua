-- Health of TrainingJob, ModelVersion and InferenceService for Argo CD: obj in, status and message out.
-- A status that speaks of an older generation says nothing about what was just applied, so that is asked first.
local status = obj.status or {}
if (status.observedGeneration or -1) < (obj.metadata.generation or 1) then
  return { status = "Progressing", message = "waits for the operator to see this generation" }
end

local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end

local function when(type, health)
  local condition = conditions[type]
  if condition ~= nil and condition.status == "True" then
    return { status = health, message = condition.reason .. ": " .. (condition.message or "") }
  end
  return nil
end

local ready = conditions.Ready or { reason = "Unknown", message = "the operator says nothing of Ready yet" }
return when("Stalled", "Degraded")
  or when("Reconciling", "Progressing")
  or when("Ready", "Healthy")
  or { status = "Progressing", message = ready.reason .. ": " .. (ready.message or "") }
