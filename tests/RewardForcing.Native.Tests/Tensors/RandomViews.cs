using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Tests.Tensors;

/// <summary>A chain of slices and reshapes read from numbers. Slices are of the first dimension, so a view is always a range of its source's elements.</summary>
internal static class RandomViews
{
    /// <summary>Applies the chain in a pass; with checkpoints every second link is made inside one.</summary>
    public static Tensor Apply(Pass pass, Tensor x, int[] code, bool checkpoints)
    {
        for (int i = 0; i < code.Length; i++)
        {
            int word = code[i];
            x = checkpoints && i % 2 == 0 ? pass.Checkpoint(x, (inner, input) => Link(inner, input, word)) : Link(pass, x, word);
        }

        return x;
    }

    /// <summary>The range of elements the chain ends with, by arithmetic alone.</summary>
    public static (int First, int Count) RangeOf(int[] code, int count, int columns)
    {
        (int first, int rows, int width) = (0, count / columns, columns);
        foreach (int word in code)
        {
            (int from, int taken, int newWidth) = Choose(word, rows, width);
            first += from * width;
            (rows, width) = (taken * width / newWidth, newWidth);
        }

        return (first, rows * width);
    }

    private static Tensor Link(Pass pass, Tensor x, int word)
    {
        using Scope scope = pass.BeginScope();
        (int first, int count, int width) = Choose(word, x.Shape[0], x.Shape[1]);
        Tensor part = pass.Slice(x, first, count);
        return scope.Keep(pass.Reshape(part, new Shape(count * x.Shape[1] / width, width)));
    }

    // At least one row stays, and rows are cut into other widths that fit.
    private static (int First, int Count, int Width) Choose(int word, int rows, int width)
    {
        uint bits = (uint)word;
        int first = (int)(bits % (uint)rows);
        int count = 1 + (int)(bits / 7 % (uint)(rows - first));
        int wanted = 1 + (int)(bits / 31 % 6);
        return (first, count, count * width % wanted == 0 ? wanted : width);
    }
}
