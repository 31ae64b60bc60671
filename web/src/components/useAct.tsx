import { notifications } from '@mantine/notifications'
import { IconAlertTriangle, IconCheck } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { asApiError } from '../api.ts'
import { forget } from '../queries/keys.ts'

interface ActOptions<Output> {
  /** Said when it is done. */
  says?: string | ((output: Output) => string)
  /** Nouns whose data is asked for again. */
  forgets?: string[]
  onDone?: (output: Output) => unknown
  /** The caller shows errors itself. */
  quiet?: boolean
}

/** Something that a person does with a click: says how it ended, and looks again. */
export function useAct<Input, Output>(act: (input: Input) => Promise<Output>, options: ActOptions<Output> = {}) {
  return useMutation<Output, unknown, Input>({
    mutationFn: act,
    onSuccess: async (output) => {
      forget(...(options.forgets ?? []))
      const says = typeof options.says === 'function' ? options.says(output) : options.says
      if (says !== undefined) notifications.show({ message: says, icon: <IconCheck size={16} />, color: 'petrol' })
      await options.onDone?.(output)
    },
    onError: (error) => {
      if (options.quiet) return
      const { message, advice, code } = asApiError(error)
      notifications.show({
        title: message,
        message: `${advice} (${code})`,
        color: 'red',
        icon: <IconAlertTriangle size={16} />,
        autoClose: 12_000,
      })
    },
  })
}
