//! Gives a result that was computed without candle's tape a gradient written by hand, on any device.
//!
//! candle's tape keeps every intermediate tensor until the backward pass. With a gradient of its own, an operation made
//! of many keeps its inputs only.

use std::sync::Mutex;

use candle_core::backend::BackendStorage;
use candle_core::{
    CpuStorage, CudaStorage, CustomOp1, CustomOp2, CustomOp3, Layout, Result, Shape, Storage, Tensor, bail,
};

/// Gradients of the inputs, from the inputs and the gradient of the result.
trait Backward: Fn(&[Tensor], &Tensor) -> Result<Vec<Tensor>> + Send + Sync + 'static {}
impl<F: Fn(&[Tensor], &Tensor) -> Result<Vec<Tensor>> + Send + Sync + 'static> Backward for F {}

struct Explicit<F> {
    name: &'static str,
    /// Until candle has taken it.
    result: Mutex<Option<Tensor>>,
    backward: F,
}

/// `result`, which was computed from one, two or three `inputs` without their tape, with this `backward`.
pub(super) fn explicit(
    name: &'static str,
    inputs: &[&Tensor],
    result: Tensor,
    backward: impl Fn(&[Tensor], &Tensor) -> Result<Vec<Tensor>> + Send + Sync + 'static,
) -> Result<Tensor> {
    let is_whole = result.layout().contiguous_offsets().is_some_and(|(start, _)| start == 0);
    let result = if is_whole { result } else { result.force_contiguous()? };
    let op = Explicit { name, result: Mutex::new(Some(result)), backward };
    match inputs {
        [a] => a.apply_op1(op),
        [a, b] => a.apply_op2(b, op),
        [a, b, c] => a.apply_op3(b, c, op),
        _ => bail!("{name} has {} inputs, not one to three", inputs.len()),
    }
}

impl<F: Backward> Explicit<F> {
    /// What the operation's forward pass should have computed.
    fn take<S>(&self, of: impl Fn(&Storage, &Layout) -> Result<S>) -> Result<(S, Shape)> {
        let result = self.result.lock().map_or(None, |mut result| result.take());
        let Some(result) = result else { bail!("{} was applied twice", self.name) };
        let (storage, layout) = result.storage_and_layout();
        Ok((of(&storage, layout)?, layout.shape().clone()))
    }

    fn cpu(&self) -> Result<(CpuStorage, Shape)> {
        self.take(|storage, layout| match storage {
            Storage::Cpu(storage) => storage.try_clone(layout),
            _ => bail!("{} was computed on another device", self.name),
        })
    }

    fn cuda(&self) -> Result<(CudaStorage, Shape)> {
        self.take(|storage, layout| match storage {
            Storage::Cuda(storage) => storage.try_clone(layout),
            _ => bail!("{} was computed on another device", self.name),
        })
    }

    fn gradients<const N: usize>(&self, inputs: [&Tensor; N], grad: &Tensor) -> Result<[Option<Tensor>; N]> {
        let gradients = (self.backward)(&inputs.map(Tensor::detach), &grad.contiguous()?.detach())?;
        let mut gradients = gradients.into_iter();
        Ok(std::array::from_fn(|_| gradients.next()))
    }
}

impl<F: Backward> CustomOp1 for Explicit<F> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        self.cpu()
    }

    fn cuda_fwd(&self, _: &CudaStorage, _: &Layout) -> Result<(CudaStorage, Shape)> {
        self.cuda()
    }

    fn bwd(&self, a: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let [a] = self.gradients([a], grad)?;
        Ok(a)
    }
}

impl<F: Backward> CustomOp2 for Explicit<F> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        self.cpu()
    }

    fn cuda_fwd(&self, _: &CudaStorage, _: &Layout, _: &CudaStorage, _: &Layout) -> Result<(CudaStorage, Shape)> {
        self.cuda()
    }

    fn bwd(&self, a: &Tensor, b: &Tensor, _: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let [a, b] = self.gradients([a, b], grad)?;
        Ok((a, b))
    }
}

impl<F: Backward> CustomOp3 for Explicit<F> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.cpu()
    }

    fn cuda_fwd(
        &self,
        _: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        self.cuda()
    }

    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        c: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let [a, b, c] = self.gradients([a, b, c], grad)?;
        Ok((a, b, c))
    }
}
