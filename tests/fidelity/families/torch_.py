"""PyTorch."""

from __future__ import annotations

from tests.fidelity.kind import Family, Kind, Library

_SHARE = "obj.untyped_storage().data_ptr() == obj_base.untyped_storage().data_ptr()"
_MODEL = (
    "torch.manual_seed(0)\nobj = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))"
)
_WEIGHTS = "{name: one for name, one in obj.state_dict().items()}"
_STEP = "obj_loss = obj_model(torch.ones(2, 3)).sum()\nobj_loss.backward()\nobj.step()"

_TORCH = (
    Kind(
        "tensor",
        "obj = torch.arange(6.0).reshape(2, 3)",
        "obj.sum()",
        ("obj[0, 0] = 9", "obj.add_(1)", "obj.resize_(3, 2)"),
    ),
    Kind("tensor, large", "obj = torch.zeros(100_000)", "obj.mean()", ("obj[77_777] = 1",), "(obj.sum(), obj[77_777])"),
    Kind("tensor, bfloat16", "obj = torch.ones(3, dtype=torch.bfloat16)", "obj.sum()", ("obj[0] = 2",)),
    Kind("tensor of booleans", "obj = torch.tensor([True, False])", "obj.any()", ("obj[1] = True",)),
    Kind("complex tensor", "obj = torch.tensor([1 + 2j])", "obj.abs()", ("obj[0] = 5j",)),
    Kind("scalar tensor", "obj = torch.tensor(5.0)", "obj.item()", ("obj.fill_(6)",)),
    Kind(
        "view",
        "obj_base = torch.arange(10.0)\nobj = obj_base[2:8:2]",
        "obj.sum()",
        ("obj_base[2] = 50", "obj[1] = 60"),
        f"(obj, obj_base, {_SHARE}, obj.stride())",
    ),
    Kind(
        "transposed view",
        "obj_base = torch.arange(6.0).view(2, 3)\nobj = obj_base.t()",
        "obj[0]",
        ("obj[2, 1] = 9",),
        f"(obj, obj_base, {_SHARE})",
    ),
    Kind(
        "tensor over an array",
        "obj_base = np.arange(5.0)\nobj = torch.from_numpy(obj_base)",
        "obj.sum()",
        ("obj_base[0] = 9", "obj[1] = 8"),
        "(obj, obj_base, obj.numpy().__array_interface__['data'][0] == obj_base.__array_interface__['data'][0])",
    ),
    Kind(
        "tensor over a part of an array",
        "obj_base = np.arange(5.0)\nobj = torch.from_numpy(obj_base[2:])",
        "obj.sum()",
        ("obj_base[3] = 9",),
        "(obj, obj_base, np.shares_memory(obj.numpy(), obj_base))",
    ),
    Kind(
        "array over a tensor",
        "obj_base = torch.arange(5.0)\nobj = obj_base.numpy()",
        "obj.sum()",
        ("obj_base[0] = 9",),
        "(obj, obj_base, np.shares_memory(obj, obj_base.numpy()))",
    ),
    Kind(
        "tensor with a gradient",
        "obj = torch.ones(3, requires_grad=True)",
        "obj.shape",
        ("(obj * 2).sum().backward()", "obj.grad.zero_()"),
        "(obj, obj.grad, obj.is_leaf)",
    ),
    Kind(
        "result of a computation",
        "obj_w = torch.ones(3, requires_grad=True)\nobj = (obj_w * 2).sum()",
        "obj.item()",
        (),
        "obj.item()",
        note="loaded, it is a value without its computation graph",
    ),
    Kind("sparse tensor", "obj = torch.eye(3).to_sparse()", "obj.indices()", ("obj.mul_(2)",), "obj.to_dense()"),
    Kind(
        "parameter",
        "obj = torch.nn.Parameter(torch.ones(2))",
        "obj.shape",
        ("obj.data[0] = 5", "obj.grad = torch.ones(2)"),
        "(obj, obj.grad, type(obj).__name__)",
    ),
    Kind(
        "list of tensors that share",
        "obj_base = torch.zeros(4)\nobj = [obj_base[:2], obj_base[2:]]",
        "len(obj)",
        ("obj[0][0] = 1",),
        "(obj, obj_base)",
    ),
    Kind(
        "dtype and device", "obj = (torch.float32, torch.device('cpu'), torch.Size([1, 2]))", "obj[0]", (), "str(obj)"
    ),
    Kind(
        "Generator",
        "obj = torch.Generator().manual_seed(3)",
        "obj.initial_seed()",
        ("torch.rand(1, generator=obj)",),
        "(obj.get_state(), torch.rand(2, generator=obj))",
    ),
    Kind(
        "Linear",
        "torch.manual_seed(1)\nobj = torch.nn.Linear(2, 2)",
        "obj.in_features",
        ("obj.weight.data[0, 0] = 5", "obj.eval()", "obj.requires_grad_(False)"),
        "(obj.weight, obj.bias, obj.training)",
    ),
    Kind(
        "Sequential",
        _MODEL,
        "obj(torch.ones(1, 3))",
        ("obj[0].bias.data.fill_(2)", "obj.append(torch.nn.Tanh())"),
        f"({_WEIGHTS}, len(obj))",
    ),
    Kind(
        "module of the session",
        "class obj_Net(torch.nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.layer = torch.nn.Linear(2, 1)\n"
        "    def forward(self, x):\n        return self.layer(x)\ntorch.manual_seed(2)\nobj = obj_Net()",
        "obj(torch.ones(1, 2))",
        ("obj.layer.weight.data.mul_(3)",),
        f"({_WEIGHTS}, type(obj) is obj_Net)",
    ),
    Kind(
        "module with shared weights",
        "torch.manual_seed(3)\nobj = torch.nn.ModuleList([torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)])\nobj[1].weight = obj[0].weight",
        "len(obj)",
        ("obj[0].weight.data.fill_(1)",),
        "(obj[0].weight is obj[1].weight, obj[1].weight)",
    ),
    Kind(
        "module with buffers",
        "obj = torch.nn.BatchNorm1d(2)",
        "obj.eps",
        ("obj(torch.arange(8.0).view(4, 2))",),
        _WEIGHTS,
    ),
    Kind(
        "module with a hook",
        "obj = torch.nn.Linear(1, 1)\nobj_seen = []\nobj_handle = obj.register_forward_hook(lambda m, a, out: obj_seen.append(1))",
        "obj_handle.id",
        ("obj(torch.ones(1, 1))",),
        "(len(obj._forward_hooks), obj_seen)",
    ),
    Kind(
        "LSTM",
        "torch.manual_seed(4)\nobj = torch.nn.LSTM(2, 3)",
        "obj.hidden_size",
        ("obj.weight_hh_l0.data.zero_()",),
        _WEIGHTS,
    ),
    Kind(
        "state dict",
        "torch.manual_seed(5)\nobj_m = torch.nn.Linear(2, 1)\nobj = obj_m.state_dict()",
        "list(obj)",
        ("obj_m.weight.data.fill_(7)",),
        "(dict(obj), obj['weight'].data_ptr() == obj_m.weight.data_ptr())",
    ),
    Kind(
        "SGD",
        _MODEL.replace("obj =", "obj_model =")
        + "\nobj = torch.optim.SGD(obj_model.parameters(), lr=0.1, momentum=0.9)",
        "obj.param_groups[0]['lr']",
        (_STEP, "obj.zero_grad()"),
        "(obj.state_dict(), obj_model.state_dict(), obj.param_groups[0]['params'][0] is obj_model[0].weight, obj_model[0].weight.grad)",
    ),
    Kind(
        "Adam",
        _MODEL.replace("obj =", "obj_model =") + "\nobj = torch.optim.Adam(obj_model.parameters())",
        "obj.defaults",
        (_STEP,),
        "(obj.state_dict(), obj_model.state_dict())",
    ),
    Kind(
        "scheduler",
        "obj_o = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)\nobj = torch.optim.lr_scheduler.StepLR(obj_o, 1)",
        "obj.last_epoch",
        ("obj_o.step(), obj.step()",),
        "(obj.last_epoch, obj_o.param_groups[0]['lr'], obj.optimizer is obj_o)",
    ),
    Kind(
        "TensorDataset",
        "obj = torch.utils.data.TensorDataset(torch.arange(4.0))",
        "obj[0]",
        ("obj.tensors[0][0] = 9",),
        "[obj[n] for n in range(4)]",
    ),
    Kind(
        "DataLoader",
        "obj_data = torch.utils.data.TensorDataset(torch.arange(4.0))\nobj = torch.utils.data.DataLoader(obj_data, batch_size=2)",
        "len(obj)",
        ("obj_data.tensors[0][1] = 5",),
        "([batch for batch in obj], obj.dataset is obj_data)",
    ),
    Kind(
        "iterator of a DataLoader",
        "obj = iter(torch.utils.data.DataLoader([1, 2, 3, 4], batch_size=2))",
        "len(obj)",
        ("next(obj)",),
        "list(obj)",
    ),
    Kind(
        "distribution",
        "obj = torch.distributions.Normal(torch.zeros(2), torch.ones(2))",
        "obj.mean",
        ("obj.loc[0] = 3",),
        "(obj.loc, obj.scale)",
    ),
)

FAMILY = Family("torch", (Library("PyTorch", "import numpy as np, torch", _TORCH, needs="torch"),))
