namespace RewardForcing.Native.Training;

/// <summary>How a teacher's weights lie on the device.</summary>
public enum TeacherPlacement
{
    /// <summary>All of them, in the type of the activations.</summary>
    Resident,

    /// <summary>All of them, in 8 bits.</summary>
    EightBit,

    /// <summary>In host memory; blocks are brought one after the other, the next while one is at work.</summary>
    Streamed,
}
