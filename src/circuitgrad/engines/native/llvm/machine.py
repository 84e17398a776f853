"""The machine that code is made for, by llvmlite."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from circuitgrad.errors import CircuitError


class Machine(NamedTuple):
    """What code is made for.

    Attributes:
        llvm: llvmlite's binding.
        name: llvmlite, the platform and the processor with its features, in words.
        cpu: the processor.
        features: what it can do.
    """

    llvm: Any
    name: str
    cpu: str
    features: str

    def target(self) -> Any:
        """Return a description of the machine; an engine that is made with it owns it."""
        return self.llvm.Target.from_default_triple().create_target_machine(
            cpu=self.cpu, features=self.features, opt=2, reloc="pic", codemodel="default"
        )


@cache
def host() -> Machine:
    """Return the machine that this program runs on.

    Raises:
        CircuitError: llvmlite is not installed.
    """
    try:
        import llvmlite
        from llvmlite import binding as llvm
    except (ImportError, OSError):  # the latter where its library cannot be loaded
        raise CircuitError.lacks("the engine native needs llvmlite", "native") from None
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    cpu, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    name = f"{llvmlite.__version__} {llvm.get_default_triple()} {cpu} {features}"
    return Machine(llvm, name, cpu, features)


def is_installed() -> bool:
    """Tell whether there is an llvmlite that works."""
    try:
        host()
    except CircuitError:
        return False
    return True
