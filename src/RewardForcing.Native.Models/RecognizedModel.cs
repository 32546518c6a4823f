namespace RewardForcing.Native.Models;

/// <summary>What a file was recognised as.</summary>
/// <param name="Kind">The sort of model.</param>
/// <param name="Layout">How the entries are named, such as <c>original</c>, <c>diffusers</c> or <c>original, generator_ema</c>; empty if unknown.</param>
/// <param name="Description">One line for people, with the sizes that follow from the shapes.</param>
/// <param name="Wan">The sizes of a Wan transformer, with heads of 128 channels where the width allows it; null for other kinds.</param>
public sealed record RecognizedModel(ModelKind Kind, string Layout, string Description, WanConfig? Wan = null);
