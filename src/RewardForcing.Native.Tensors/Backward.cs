namespace RewardForcing.Native.Tensors;

/// <summary>Computes input gradients from the output gradient; one entry for each recorded input, null where none is needed.</summary>
/// <param name="back">The pass to allocate in.</param>
/// <param name="outputGrad">Gradient of the op's output.</param>
public delegate Tensor?[] Backward(Pass back, Tensor outputGrad);
