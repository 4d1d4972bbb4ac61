/** What the leader does about a group that is lost (loss-plan.ts): waits for a person's word, or declares the loss by itself. */
export const LOSS_POLICIES = ['wait', 'reset'] as const;
export type LossPolicy = (typeof LOSS_POLICIES)[number];

export function isLossPolicy(text: string): text is LossPolicy {
  return (LOSS_POLICIES as readonly string[]).includes(text);
}
