"""A loaded MLflow model: its signature as a Description, and its two ways to predict.

*Enforced* is `PyFuncModel.predict`, which checks the input against the signature on every call. *Lean* calls the same
flavour function with the same input behind that check; the front's validator has already done its work. Lean is only
taken where the two agree.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import mlflow.pyfunc
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models.utils import _enforce_params_schema, _enforce_schema
from mlflow.types.schema import ColSpec, ParamSpec, Schema, TensorSpec

from leeboard_runtime.errors import PermanentFault, Reason
from leeboard_runtime.frames import ModelAnswer, ModelInput
from leeboard_runtime.mapping import COLUMN_TYPES, TENSOR_TYPES
from leeboard_runtime.signature import INPUT_TENSOR, Column, Description, Parameter, Tensor


class LoadedModel:
    """A pyfunc model that has a signature this server can serve."""

    def __init__(self, pyfunc: mlflow.pyfunc.PyFuncModel, path: Path) -> None:
        self.pyfunc = pyfunc
        self.metadata = pyfunc.metadata
        self._path = path
        self._input_schema = self.metadata.get_input_schema()
        self._params_schema = self.metadata.get_params_schema()
        self.description = describe(self.metadata)
        # PyFuncModel._predict looks at the same things on each call
        self._predict = pyfunc._predict_fn  # noqa: SLF001
        given = inspect.signature(self._predict).parameters.get("params")
        self._takes_params = given is not None and given.kind is not inspect.Parameter.VAR_KEYWORD

    @classmethod
    def load(cls, path: Path, *, predict_fn: str = "") -> LoadedModel:
        """Load the model below `path`. Raises PermanentFault (LoadFailed, SignatureMissing, SignatureUnsupported)."""
        try:
            pyfunc = mlflow.pyfunc.load_model(str(path), suppress_warnings=True)
            if predict_fn:
                pyfunc._predict_fn = getattr(pyfunc._model_impl, predict_fn)  # noqa: SLF001
        except Exception as error:
            raise PermanentFault(
                Reason.LOAD_FAILED,
                f"the model cannot be loaded: {type(error).__name__}: {error}; does this image hold what it requires?",
            ) from error
        return cls(pyfunc, path)

    def enforced(self, data: ModelInput, params: dict[str, Any] | None = None) -> ModelAnswer:
        """Predict as any user of MLflow does."""
        return self.pyfunc.predict(data, params=params)

    def lean(self, data: ModelInput, params: dict[str, Any] | None = None) -> ModelAnswer:
        """Predict on data that already is as the signature says."""
        if not self._takes_params:
            return self._predict(data)
        return self._predict(data, params=_enforce_params_schema(params, self._params_schema))

    def conform(self, data: ModelInput) -> ModelInput:
        """The input as schema enforcement hands it to the model. Raises MlflowException."""
        return _enforce_schema(data, self._input_schema)

    def example(self) -> ModelInput | None:
        """The recorded input example, conformed; None where none was logged. Raises PermanentFault(ExampleFailed)."""
        if not self.metadata.saved_input_example_info:
            return None
        try:
            example = self.conform(self.metadata.load_input_example(str(self._path)))
            if isinstance(example, pd.DataFrame):
                return example.reset_index(drop=True)
        except (MlflowException, OSError, ValueError, TypeError) as error:
            raise PermanentFault(
                Reason.EXAMPLE_FAILED,
                f"the input example does not fit the signature: {error}; log the model with an example of its own rows",
            ) from error
        else:
            return example


def describe(metadata: mlflow.models.Model) -> Description:
    """The signature as plain values. Raises PermanentFault (SignatureMissing, SignatureUnsupported)."""
    schema = signed(metadata)
    params = metadata.get_params_schema()
    return Description(
        columns=() if schema.is_tensor_spec() else tuple(map(_column, schema.inputs)),
        tensors=tuple(_tensor(spec, len(schema.inputs)) for spec in schema.inputs) if schema.is_tensor_spec() else (),
        parameters=tuple(map(_parameter, params.params)) if params else (),
        outputs=(),
        platform=f"mlflow_{flavor_of(metadata)}",
        lean=False,
    )


def signed(metadata: mlflow.models.Model) -> Schema:
    """The inputs of the signature. Raises PermanentFault (SignatureMissing)."""
    schema = metadata.get_input_schema()
    if schema is None or not schema.inputs:
        raise PermanentFault(
            Reason.SIGNATURE_MISSING,
            "the model has no signature, so no request can be checked; log it with signature= or input_example=",
        )
    return schema


def flavor_of(metadata: mlflow.models.Model) -> str:
    """The flavour beside python_function, or that one."""
    return next((name for name in metadata.flavors if name != "python_function"), "python_function")


def _column(spec: ColSpec) -> Column:
    kind = getattr(spec.type, "name", "")
    if spec.name is None:
        raise _unsupported(f"a {spec.type} column without a name; log the model with a frame that has column names")
    if kind not in COLUMN_TYPES:
        raise _unsupported(f'column "{spec.name}" of type {spec.type}; serve it with a Custom runtime')
    return Column(name=str(spec.name), type=kind, required=bool(spec.required))


def _tensor(spec: TensorSpec, count: int) -> Tensor:
    kind = "str" if spec.type.kind == "U" else spec.type.name
    first, *rest = spec.shape
    name = spec.name or INPUT_TENSOR
    if kind not in TENSOR_TYPES or first != -1 or any(size < 0 for size in rest):
        raise _unsupported(
            f'tensor "{name}" of type {kind} and shape {tuple(spec.shape)}; only the first dimension may be open'
        )
    if spec.name is None and count > 1:
        raise _unsupported("several tensors without names; name each")
    return Tensor(name=name, numpy=kind, shape=tuple(int(size) for size in rest), named=spec.name is not None)


def _parameter(spec: ParamSpec) -> Parameter:
    document = spec.to_dict()
    return Parameter(
        name=document["name"],
        type=str(document["type"]),
        default=document["default"],
        is_list=bool(document.get("shape")),
    )


def _unsupported(what: str) -> PermanentFault:
    return PermanentFault(Reason.SIGNATURE_UNSUPPORTED, f"the signature has {what}")
